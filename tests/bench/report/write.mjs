// write.mjs FILE: makes docs/benchmarks.md and its plots of what `./dev bench --json FILE` left.

import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { limits } from "./limits.mjs"
import { parts } from "./parts.mjs"
import { plot } from "./plot.mjs"

const docs = join(dirname(fileURLToPath(import.meta.url)), "../../../docs")
const { date, machine, rows, note } = JSON.parse(readFileSync(process.argv[2], "utf8"))

const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: value < 1000 ? 3 : Math.max(3, Math.ceil(Math.log10(value))) })
/** A target of 0 is none. */
const judged = (row) => row.pass !== null && Boolean(row.target)
const wanted = (row) => (judged(row) ? `${row.at_most ? "≤" : "≥"} ${row.target}` : "")
const verdict = (row) => (judged(row) ? (row.pass ? "met" : "**missed**") : "")

function table(some) {
  return ["| what | ours | compared with | it | ratio | target | |", "|---|---:|---|---:|---:|---|---|",
    ...some.map((row) => `| ${row.name} | ${number(row.value)} ${row.unit} | ${row.peer} | ${number(row.peer_value)} | ${number(row.ratio)} | ${wanted(row)} | ${verdict(row)} |`),
  ].join("\n")
}

function section({ part, title }) {
  const some = rows.filter((row) => row.part === part)
  if (some.length === 0) return ""
  const plotted = some.filter(judged)
  const image = `benchmark-${part}.svg`
  if (plotted.length > 0) writeFileSync(join(docs, "images", image), plot(title, plotted))
  const picture = plotted.length > 0 ? `![${title}: rows against their targets](images/${image})\n\n` : ""
  return `## ${title}\n\n${picture}${table(some)}\n`
}

/** Rows that miss their target, or in which the other one is ahead. */
const behind = rows.filter((row) => (judged(row) ? !row.pass : row.at_most ? row.ratio > 1 : row.ratio < 1))

function limitOf(row) {
  const known = limits.find(({ rows: names, peer }) => names.test(row.name) && (!peer || peer.test(row.peer)))
  const target = judged(row) ? `; the target is ${wanted(row)}` : ""
  return `- **${row.name}**, against ${row.peer}: ${number(row.ratio)}${target}. ${known ? known.why.replaceAll("\n", " ") : "Not explained yet."}`
}

const met = rows.filter((row) => judged(row) && row.pass).length
writeFileSync(join(docs, "benchmarks.md"), `# Benchmarks

${met} of ${rows.filter(judged).length} targets are met. This page is made by \`node tests/bench/report/write.mjs\` of one run of \`./dev bench\`, ${date}.${note ? ` ${note}` : ""}

## How it is measured

- Every row compares, in the same run, with a limit of the machine or with what a user would pick instead. The figure that travels to other machines
  is the ratio. Both take turns, round after round, and the medians count, so that what else the machine does meets them alike.
- Durable means durable: what we acknowledge is flushed. Where a peer acknowledges earlier, its name says so.
- Peers come from Debian's packages and npm, are started by the benchmark on loopback in folders on the same disk, and are loaded by their own tools
  (redis-benchmark, pgbench) or by ones that cost as little (wrk; for NATS, a program of ours). Clients and servers share the processors.
- PostgreSQL makes the rows of its batches itself, which spares it parsing and transfer; it has one table and no index but the key. Redis keeps what it
  has in memory; it is emptied after each round. Before each round the file system is flushed, so that nobody pays for another's writes.
- The bare log writes groups of the size that ours had, over a file that is cached and was written before, and does nothing else.

## The machine

${machine.processors} processors (${machine.processor}), ${machine.memory_gib} GiB of memory, ${machine.kernel}, ${machine.file_system}; writing 4 KiB and flushing them takes ${machine.flush_us} µs.

${parts.map(section).filter(Boolean).join("\n")}
## Limits

Where a target is missed, or somebody else is faster:

${behind.map(limitOf).join("\n")}

## Do it again

\`\`\`sh
./dev bench --json figures.json            # installs the peers when they are missing; a quarter of an hour
node tests/bench/report/write.mjs figures.json
\`\`\`
`)
