/** Why a target is out of reach, or who is faster: said where such a row misses its target or has none to meet. */
export const limits = [
  {
    rows: /^durable single appends, 64 in flight/,
    why: `The bare loop writes over a file that was filled before; ours fills the next segment with zeros beside the appends, 64 MiB in 100 to 150 commits that
take three to four times as long: 8 to 17 µs for each commit. Deciding, encoding, folding and answering 64 appends takes 18 to 20 µs of the processor between
two flushes, of 120 µs for both. See [decision 13](decisions/0013-what-lies-between-two-flushes.md).`,
  },
  {
    rows: /^appends of one 200-byte event, 64 connections/,
    peer: /memory device/,
    why: `The two differ in nothing but the disk: a request waits for the flush that is under way and for its own.`,
  },
  {
    rows: /^GET of 200 bytes/,
    why: `54 to 65 % of our processor time are the kernel's, for its sockets, which both servers pay: sending the answer is 36 % by itself, receiving the request
5 %. A wait for the next request costs a third system call (4 %), so that a connection that is idle holds no buffer. 23 to 28 % are our own code and 10 to 15 %
the C library, most of that memory for the strings of requests and answers (17,000 instructions for a GET in all).`,
  },
  {
    rows: /^projection of 1,000,000 events into a table/,
    why: `The bare inserts are given their values; a projection reads its events from the log, decodes them, and keeps its checkpoint in the same
transaction.`,
  },
  {
    rows: /^[12345] nodes, /,
    why: `A batch crosses a socket to the database, is flushed there, and is written once more by each node, all on the same two processors and the same disk. See
[decision 70](decisions/0070-a-log-in-postgresql.md).`,
  },
  {
    rows: /^one append to 1,000 SSE readers|^live tail by/,
    why: "A message goes to the log first, and to its readers when it is durable; the peer is the part of that which nobody can be faster than.",
  },
  {
    rows: /^find --first \/|^compiling a domain file|^transact|^read of 200,000 events|^durable batches|^warm forward read|^catch-up of|^append to 64 streams|^rehydrate/,
    why: "The peer is the work itself, without what makes a store, a command or a question of it.",
  },
  {
    rows: /^open a 1 GiB store after kill/,
    why: `Opening recovers SQLite's write-ahead log (2 ms), reads the commits that the index lacks (up to 16 MiB, 4 ms) and, because nothing valid may follow the tail, the
zeros behind them to the end of the segment (up to 64 MiB, 6 to 12 ms on both processors: 0.06 of the scan by themselves on one), and writes the last
commit again and flushes it (1 ms). Towards the end of a segment it is 0.05. Segments of half the size (\`--segment-bytes\`) would be opened in less, and
begun twice as often. To read no zeros, the log would have to say how far it may be written; its format does not. The headers of
all segments are read, too: of 20 GiB (307 segments) in 4 ms; its openings took 28 and 41 ms (medians of 15) in turn with 38 and 31 ms of 1 GiB on a busy
machine. See
[decision 14](decisions/0014-what-opening-reads.md).`,
  },
  {
    rows: /over HTTP, 64 connections$/,
    peer: /acknowledges before the disk has it/,
    why: "NATS does not wait for the disk: what it acknowledged in the last two minutes is lost with the power. It shows what waiting costs.",
  },
  {
    rows: /^read of 100 events in a store of 10,000,000/,
    why: `The page lies in a batch of 1,000 events, one page in ten in two, whose 217 KB are read whole, because their checksum is of all of them. 14 MB of batches are in
the processor's cache, 2 GB are not: a bare pread of 217 KB at a random place takes 20 µs of the former and 41 to 50 µs of the latter on this machine, and
nine tenths of the time of the read are that copying.`,
  },
  {
    rows: /^append to any of 1,000,000 streams/,
    why: `16,384 streams are kept in memory. Any other is looked up in index.db when it is appended to, one after the other, and saved there again at the next
checkpoint; the row is the worst case, in which hardly any stream is met twice. A look-up takes 12 µs: 37 % of that is reading the two pages, of the paths and of
the streams, that are not in SQLite's cache, 42 % SQLite's way through both trees, 9 % its locks.`,
  },
  {
    rows: /^orders placed/,
    why: `An order is three messages and two new streams, with a decision, a remembered answer, four read models and a workflow that keep up on the same two processors. The three
events, appended and nothing more, reach a third to a half of one message themselves. See [decision 51](decisions/0051-what-an-order-costs.md).`,
  },
]
