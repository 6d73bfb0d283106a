// instructions.mjs PROGRAM [--check | --record]: the instructions that each hot path takes, counted by valgrind, next to the record.
//
// Time varies with the machine and its neighbours; instructions vary by some hundredths of a percent. More than 5 % above the
// record fails; --record writes what is counted now, for the change that is meant to cost or to save.

import { execFile } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { promisify } from "node:util"

const RECORD = new URL("instructions.json", import.meta.url)
const ALLOWED = 1.05
/** What one operation of each path is. */
const PATHS = {
  append: "event appended, 64 streams in a commit",
  batch: "event appended in a batch of 1,000",
  read: "event read, page by page",
  "http-get": "GET of one event",
  "http-post": "POST of one event, with its commit",
  rehydrate: "event decoded and applied",
}
const FEW = 4_000
const MANY = 24_000

async function instructions(program, path, count) {
  const { stderr } = await promisify(execFile)("valgrind", [
    ...["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"],
    ...[program, path, String(count)],
  ])
  const counted = /I\s+refs:\s+([\d,]+)/.exec(stderr)
  if (!counted) throw new Error(`valgrind counted nothing for ${path}:\n${stderr}`)
  return Number(counted[1].replaceAll(",", ""))
}

/** Start and warm-up are in both runs, and so in neither. */
async function perOperation(program, path) {
  const [few, many] = await Promise.all([FEW, MANY].map((count) => instructions(program, path, count)))
  return Math.round((many - few) / (MANY - FEW))
}

const [program, option] = process.argv.slice(2)
if (!program || !["--check", "--record"].includes(option ?? "--check")) {
  console.error("usage: instructions.mjs PROGRAM [--check | --record]")
  process.exit(2)
}
const recorded = option === "--record" ? {} : JSON.parse(readFileSync(RECORD, "utf8"))
const counted = {}
let failed = 0
for (const [path, operation] of Object.entries(PATHS)) {
  counted[path] = await perOperation(program, path)
  const before = recorded[path]
  const change = before ? counted[path] / before : 1
  const ok = option === "--record" || (before !== undefined && change <= ALLOWED)
  if (!ok) ++failed
  const note = before ? `recorded ${before}, ${change >= 1 ? "+" : ""}${((change - 1) * 100).toFixed(1)} %` : "not recorded before"
  console.log(`${ok ? "ok  " : "SLOW"} ${path.padEnd(10)} ${String(counted[path]).padStart(7)} instructions for each ${operation} (${note})`)
}
if (option === "--record") writeFileSync(RECORD, `${JSON.stringify(counted, null, 2)}\n`)
console.log(`${Object.keys(PATHS).length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
