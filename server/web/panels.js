// The state at the moment, and the event that led there.

import { exportUrl } from "./api.js"
import { clock, count, el, replace, stranger, visible } from "./dom.js"
import { indented, parse, write } from "./json.js"
import { jsonView } from "./json_view.js"
import { fileLink } from "./session.js"
import { showShrunk } from "./shrink.js"

const shortest = (value) => {
  const text = write(value)
  return text === undefined ? "" : text.length > 90 ? `${text.slice(0, 90)}…` : text
}

export function changeList(changes) {
  if (changes.length === 0) return el("p", { class: "quiet" }, "Nothing changed.")
  const sign = { added: "+", removed: "−", changed: "~", more: "…" }
  return el("table", { class: "changes" }, el("tbody", null, changes.slice(0, 300).map((one) =>
    el("tr", { class: one.kind }, el("td", { class: "sign" }, sign[one.kind] ?? "?"),
      el("td", { class: "path" }, stranger(one.path || "(the state)")),
      el("td", null, "before" in one && el("del", null, stranger(shortest(one.before))),
        "before" in one && "after" in one && " → ", "after" in one && el("ins", null, stranger(shortest(one.after))))))))
}

export function invariantList(invariants) {
  if (invariants.length === 0) return null
  const holding = invariants.filter(({ holds }) => holds).map(({ name }) => name)
  const rest = holding.length === 0 ? null : holding.length === 1 ? `✓ ${holding[0]}` : `✓ ${holding.length} invariants hold`
  return el("ul", { class: "invariants" }, invariants.filter(({ holds }) => !holds).map(({ name }) =>
    el("li", { class: "broken" }, "✗ ", stranger(name))), rest && el("li", { class: "ok", title: holding.join(", ") }, rest))
}

/** Here something broke: what one does next. */
function suspicion(answer, broke, { onSkip, onEdit, onTrace, onEvent }) {
  if (broke.length === 0 || !answer.event) return null
  const parameters = { stream: answer.stream, lens: answer.lens.name, at: answer.moment, as: "doctest" }
  const shrunk = el("div", { class: "shrunk" })
  return el("div", { class: "suspicion", role: "note" },
    el("p", null, el("strong", null, "Event ", String(answer.moment), " broke "), stranger(broke.join(", "), { class: "mono" })),
    el("p", { class: "actions" },
      el("button", { type: "button", onclick: onSkip, title: "what if it had not happened (x)" }, "What if it had not happened?"),
      el("button", { type: "button", onclick: onEdit, title: "what if it had been another (e)" }, "…had been another?"),
      el("button", { type: "button", onclick: onTrace, title: "causes and effects (c)" }, "What caused it?"),
      fileLink(exportUrl(parameters), "history_test.cpp", "Export a failing test"),
      el("button", { type: "button", onclick: () => showShrunk(shrunk, answer, broke[0], onEvent) }, "Fewest events that break it")), shrunk)
}

/**
 * `view`: "tree" or "diff"; `since`: {moment, changes} instead of those of the last event; `broke`: names of the
 * invariants that broke here; `unread`: numbers of the events so far that could not be decoded.
 */
export function statePanel(node, answer, options) {
  const { view, onView, blame, onBlame, pins, onPin, onEvent, since, onSince, broke, unread, identity } = options
  const changes = since?.changes ?? answer.changes
  const tab = (name, label) => el("button", {
    type: "button", role: "tab", "aria-selected": String(view === name), onclick: () => onView(name),
  }, label)
  const empty = answer.lens.name === "raw" && answer.state === null
  replace(node,
    el("header", null, el("h2", null, "State"), el("span", { class: "quiet" }, `after event ${answer.moment}`),
      el("span", { class: "tabs", role: "tablist" }, tab("tree", "tree"), tab("diff", `changes ${changes.length}`),
        el("button", { type: "button", "aria-pressed": String(blame !== null), onclick: onBlame, title: "which event set each field (b)" },
          "blame"))),
    since && el("p", { class: "since" }, `Changes since event ${since.moment} `,
      el("button", { type: "button", class: "more", onclick: onSince }, "since the event before")),
    unread.length > 0 && el("p", { class: "problem" }, `${count(unread.length, "event")} up to here ${unread.length === 1 ? "is" : "are"} not decoded and changed nothing, so this may be wrong: `,
      el("button", { type: "button", class: "more", onclick: () => onEvent(unread[0]) }, `event ${unread[0]}`)),
    suspicion(answer, broke, options),
    invariantList(answer.invariants.filter(({ name }) => !broke.includes(name))),
    view === "diff" ? changeList(changes)
      : jsonView(answer.state, { changes, blame, pins, identity, onPin, onEvent }),
    empty && el("div", { class: "lesson" }, el("p", null, "This lens shows messages only. A state needs a reducer: one line in your service,"),
      el("pre", null, `registry.add<Order>("${visible(answer.stream.split("/")[0])}");`),
      el("p", null, "or one of the built-in lenses above.")),
  )
}

function understoodAsStored({ stored, current, type, version }) {
  if (current.length !== 1 || current[0].type !== type || current[0].version !== version) return false
  try {
    return write(parse(stored).data) === write(current[0].data)
  } catch {
    return false
  }
}

const longestShown = 20_000

function source(text) {
  const shown = visible(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)
  return el("pre", { class: "source" }, el("bdi", null, shown))
}

/** `traced`: whether causes and effects are shown below. They stand in `node.querySelector(".trace")`. */
export function eventPanel(node, answer, { traced, onTrace, onEdit, onInsert, onSkip }) {
  const { event } = answer
  if (!event) {
    replace(node, el("header", null, el("h2", null, "Event")), el("p", { class: "quiet" }, "Before the first event."))
    return
  }
  const fact = (name, value) => value && [el("dt", null, name), el("dd", null, stranger(value))]
  const parameters = { stream: answer.stream, lens: answer.lens.name, at: answer.moment }
  const as = (form, name, label) => fileLink(exportUrl({ ...parameters, as: form }), name, label)
  replace(node,
    el("header", null, el("h2", null, `Event ${event.number}`), stranger(event.type || "(no type)", { class: "type" }),
      event.version > 1 && el("span", { class: "quiet" }, `version ${event.version}`)),
    el("p", { class: "actions" },
      el("button", { type: "button", onclick: onSkip, title: "what if it had not happened (x)" }, "Skip"),
      el("button", { type: "button", onclick: onEdit, title: "what if it had been another (e)" }, "Edit"),
      el("button", { type: "button", onclick: onInsert, title: "what if there had been one more (i)" }, "Insert before"),
      el("button", { type: "button", "aria-pressed": String(traced), onclick: onTrace, title: "causes and effects (c)" }, "Trace"),
      as("doctest", "history_test.cpp", "Export test"), as("ndjson", "events.ndjson", "Export events")),
    event.problem && el("p", { class: "problem" }, "Not decoded, so it changed nothing: ", stranger(event.problem)),
    el("div", { class: "trace" }),
    el("dl", null, fact("committed", clock(event.committed_at, { date: true })),
      fact("says", clock(event.timestamp, { date: true })), fact("actor", event.metadata.actor),
      fact("id", event.id), fact("command", event.metadata.command), fact("causation", event.metadata.causation),
      fact("correlation", event.metadata.correlation), fact("trace", event.metadata.traceparent), fact("offset", `${event.offset} in the stream, ${event.position} in the store`)),
    el("h3", null, "as stored"), source(indented(event.stored)),
    understoodAsStored(event) ? el("p", { class: "quiet same" }, "It is understood today as it is stored.")
      : event.current.length > 0 && [el("h3", null, "as understood today"), event.current.map((one) =>
      source(write(one, 2)))],
  )
}
