/** Why a target is out of reach, or who is faster: said where such a row misses its target or has none to meet. */
export const limits = [
  {
    rows: /^open a 1 GiB store after kill/,
    why: `Opening reads the whole last segment, on both processors: its commits with their checksums, because damage there must be found, and the zeros
behind them, because nothing valid may follow the tail. It writes the last commit again and flushes it, and opens SQLite. 64 MiB are 0.06 of the scan by
themselves; half of the time the kernel copies them. Segments of half the size (\`--segment-bytes\`) would be opened in less, and begun twice as
often. To read no zeros, the log would have to say how far it may be written; its format does not.`,
  },
  {
    rows: /over HTTP, 64 connections$/,
    peer: /^Redis/,
    why: `Redis reads from all of its clients on one thread, writes and flushes once, and answers all of them. With us several threads take requests,
which join the next commit. Processor time is not what is missing: server and load generator took 3.2 of 8 processor-seconds. Which waiting it is has
not been shown yet.`,
  },
  {
    rows: /over HTTP, 64 connections$/,
    peer: /acknowledges before the disk has it/,
    why: "NATS does not wait for the disk: what it acknowledged in the last two minutes is lost with the power. It shows what waiting costs.",
  },
  {
    rows: /^append to any of 1,000,000 streams/,
    why: `16,384 streams are kept in memory. Any other is looked up in index.db when it is appended to, and saved there again at the next checkpoint;
the row is the worst case, in which hardly any stream is met twice.`,
  },
  {
    rows: /^orders placed/,
    why: `Four read models and a workflow keep up with the orders on the same two processors, each with rows and indexes of its own. The three events of an order,
appended and nothing more, reach 0.43 of one message themselves. See [decision 51](decisions/0051-what-an-order-costs.md).`,
  },
]
