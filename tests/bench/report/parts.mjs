/** The parts of a run, in the order of the report. */
export const parts = [
  { part: "store", title: "The embedded store against the machine" },
  { part: "peers", title: "What a user would pick instead" },
  { part: "http", title: "Over HTTP" },
  { part: "growth", title: "A store that has grown" },
  { part: "postgres", title: "Nodes that share a log in PostgreSQL" },
  { part: "framework", title: "Events into states" },
  { part: "repository", title: "Commands" },
  { part: "projection", title: "Projections" },
  { part: "find", title: "Questions to the debugger" },
  { part: "page", title: "The debugger's page" },
]
