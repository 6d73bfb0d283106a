// Runs what proves the store against faults and prints a line for each: what, whether it held, how long, how much.
// `node report.mjs` after `./dev build release`; FOLDBACK_ROUNDS multiplies the seeds.

import { spawnSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..")
const programs = join(root, "build/release/bin/tests")
const rounds = process.env.FOLDBACK_ROUNDS ?? "1"
const seed = String(Number(process.env.FOLDBACK_SEED ?? Date.now() % 1_000_000))

const doctest = (program, testCase) => ({ command: join(programs, program), args: testCase ? [`--test-case=${testCase}`] : [] })
const script = (name, ...args) => ({ command: "bash", args: [join(root, "tests", name, "run.sh"), ...args] })

const rows = [
  ["power lost at every disk operation", doctest("power_loss_test")],
  ["every system call on files fails", doctest("system_call_test")],
  ["every allocation fails", doctest("allocation_fault_test")],
  ["simulated clients, disk and scheduling", doctest("simulation_test")],
  ["random operations against a model", doctest("model_test")],
  ["races", doctest("race_test")],
  ["the log: every cut and flipped bit", doctest("log_test")],
  ["flipped bits, cut and missing files", doctest("damage_test")],
  ["clocks that jump", doctest("clock_test")],
  ["reads while segments are rewritten", doctest("store_reading_test")],
  ["abuse of the server through sockets", doctest("abuse_test")],
  ["the server killed under load", script("kill9", String(30 * Number(rounds)), seed)],
  ["webhooks and workers while it is killed", script("subscriptions_kill9")],
  ["calls of the program fail; stops; full disk", script("process_faults")],
  ["the order service killed in its work", script("e2e_orders")],
]
const counted = /(\d+) (states|losses while opening|runs|seeds|requests|damaged stores|flipped bits|cuts|operations|killed|stops|appends)\b/g

/** What a run counts in its messages, added up. */
function counts(output) {
  const sums = new Map()
  const messages = output.split("\n").filter((line) => /MESSAGE:|^(\d+ runs|\d+ stops|\d+ times)/.test(line))
  for (const line of messages) {
    for (const [, number, unit] of line.matchAll(counted)) sums.set(unit, (sums.get(unit) ?? 0) + Number(number))
  }
  return [...sums].map(([unit, sum]) => `${sum} ${unit}`).join(", ")
}

/** [passed, failed] as the run itself says; null when it ended before. */
function outcome(output) {
  const cases = /test cases: *\d+ *\| *(\d+) passed *\| *(\d+) failed/.exec(output) ?? /^(\d+) passed, (\d+) failed$/m.exec(output)
  return cases === null ? null : [Number(cases[1]), Number(cases[2])]
}

function run([what, { command, args }]) {
  const began = Date.now()
  const ended = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28, env: { ...process.env, FOLDBACK_SEED: process.env.FOLDBACK_SEED ?? "0" } })
  const seconds = ((Date.now() - began) / 1000).toFixed(1).padStart(6)
  const result = ended.error ? null : outcome(ended.stdout)
  const held = ended.status === 0 && result !== null && result[0] > 0 && result[1] === 0
  const tests = result === null ? "ended early" : `${result[0]} of ${result[0] + result[1]}`
  console.log(`${what.padEnd(44)} ${held ? "holds" : "FAILS"} ${seconds} s  ${[tests, ended.error ? "" : counts(ended.stdout)].filter(Boolean).join("; ")}`)
  return held
}

/** The corpora of the fuzz targets, all in one line. */
function runCorpora() {
  const began = Date.now()
  const targets = readdirSync(programs).filter((name) => name.endsWith("_corpus"))
  const corpus = (target) => join(root, "tests/fuzz/corpus", target.replace(/_corpus$/, ""))
  const results = targets.map((target) => spawnSync(join(programs, target), [corpus(target)], { encoding: "utf8" }))
  const held = targets.length > 0 && results.every(({ status }) => status === 0)
  const inputs = results.reduce((sum, { stdout }) => sum + (outcome(stdout)?.[0] ?? 0), 0)
  const seconds = ((Date.now() - began) / 1000).toFixed(1).padStart(6)
  console.log(`${"corpora of the fuzz targets".padEnd(44)} ${held ? "holds" : "FAILS"} ${seconds} s  ${targets.length} targets, ${inputs} inputs`)
  return held
}

if (!existsSync(programs)) throw new Error(`${programs} is not there: ./dev build release`)
console.log(`rounds ${rounds}; kills with seed ${seed}; all other seeds begin where their test says, and a failure names its own`)
const held = [...rows.map(run), runCorpora()]
const failed = held.filter((one) => !one).length
console.log(`${held.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
