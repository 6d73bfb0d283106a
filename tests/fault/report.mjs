// Runs what the scoreboard lists and prints a line for each row: what, whether it held, how long, how often of how often it
// should, with which seed. `node report.mjs [<rounds> [<row>,<row>…]]` after `./dev build release`.

import { count, result } from "./runs.mjs"
import { faults, rows } from "./scoreboard.mjs"

const LANES = 2
const SHOWN_LINES = 40
const rounds = Number(process.argv[2] || 1)
const column = rounds > 1 ? 1 : 0
const wanted = process.argv[3]?.split(",")
const seed = Number(process.env.FOLDBACK_SEED ?? Date.now() % 1_000_000)

/** What the runs of a row did together. */
function summary(row, runs, results) {
  const done = results.filter(({ notRun }) => !notRun)
  if (done.length === 0) return { notRun: results[0].notRun, seconds: 0 }
  const output = done.map((one) => one.output).join("\n")
  const said = []
  for (const [what, aims] of Object.entries(row.aims ?? {})) {
    const times = count(output, what)
    said.push(`${times} of ${aims[column]} ${what}${times < aims[column] ? " (fewer)" : ""}`)
  }
  for (const what of row.also ?? []) said.push(`${count(output, what)} ${what}`)
  const [passed, failed] = [0, 1].map((i) => done.reduce((sum, { tests }) => sum + (tests ?? [0, 1])[i], 0))
  said.push(`${passed} of ${passed + failed} tests`)
  said.push(...done.flatMap(({ remark }) => remark ?? []))
  said.push(runs.every(({ hasOwnSeeds }) => hasOwnSeeds) ? "seeds of its own" : `seed ${seed}`)
  return { held: done.every(({ held }) => held), said, output, seconds: done.reduce((sum, one) => sum + one.seconds, 0) }
}

async function judge(row) {
  const results = []
  for (const run of row.runs) results.push(await result(run, rounds, seed))
  return summary(row, row.runs, results)
}

/** Each fault is proved by rows that hold, or by tests of its own. */
async function judgeFaults(row, judged) {
  const runs = []
  const results = []
  const unproved = []
  for (const [fault, ...proofs] of faults) {
    let held = true
    for (const proof of proofs) {
      if (typeof proof === "string") {
        const other = judged.get(proof) ?? (await judge(rows.find(({ id }) => id === proof)))
        held &&= other.held
        continue
      }
      const found = await result(proof, rounds, seed)
      runs.push(proof)
      results.push(found)
      held &&= found.held
    }
    if (!held) unproved.push(fault)
  }
  const found = summary(row, runs, results)
  found.said.unshift(`${faults.length - unproved.length} of ${faults.length} faults`)
  if (unproved.length > 0) found.said.push(`not proved: ${unproved.join("; ")}`)
  found.held &&= unproved.length === 0
  return found
}

function print(row, { held, notRun, said, output, seconds }) {
  const fate = notRun ? "-----" : held ? "holds" : "FAILS"
  console.log(`${row.id.padEnd(4)}${row.what.padEnd(54)}${fate} ${seconds.toFixed(1).padStart(7)} s  ${notRun ?? said.join(", ")}`)
  if (fate === "FAILS") console.log(output.split("\n").slice(-SHOWN_LINES).map((line) => `    ${line}`).join("\n"))
}

const chosen = rows.filter(({ id }) => !wanted || wanted.includes(id))
if (chosen.length === 0) throw new Error(`there is no row ${wanted}`)
console.log(`rounds ${rounds}, seed ${seed}; "12 of 10": so many, of so many that ${column ? "a night" : "each run"} should have`)
const judged = new Map()
let printed = 0

/** In their order, as soon as those before are there. */
function printReady() {
  for (; printed < chosen.length && judged.has(chosen[printed].id); printed += 1) print(chosen[printed], judged.get(chosen[printed].id))
}

async function lane(queue) {
  for (let row = queue.shift(); row; row = queue.shift()) {
    judged.set(row.id, await (row.faults ? judgeFaults(row, judged) : judge(row)))
    printReady()
  }
}

// What measures times has the machine for itself; the table of faults looks back at the others.
const together = chosen.filter((row) => !row.alone && !row.faults)
await Promise.all(Array.from({ length: LANES }, () => lane(together)))
await lane(chosen.filter(({ alone }) => alone))
await lane(chosen.filter((row) => row.faults))

const all = [...judged.values()]
const [held, notRun] = [all.filter((one) => one.held).length, all.filter((one) => one.notRun).length]
console.log(`${held} passed, ${all.length - held - notRun} failed`)
process.exit(held + notRun === all.length && held > 0 ? 0 : 1)
