// How the rows of the scoreboard are tried: programs, the seeds and rounds that they get, and what they say of themselves.

import { spawn } from "node:child_process"
import { existsSync, readFileSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const tests = resolve(dirname(fileURLToPath(import.meta.url)), "..")
const root = dirname(tests)
const programs = join(root, "build/release/bin")
export const foldback = join(programs, "foldback")

// A run: what to start. `args` may depend on the rounds and on the seed; `rounds` multiplies those that it is given. Tests in C++
// have seeds of their own, which a failure names.

/** A program of doctest: all of it, or the cases that the patterns match. */
export const doctest = (program, ...cases) => ({
  command: join(programs, "tests", program),
  args: cases.length > 0 ? [`--test-case=${cases.join(",")}`] : [],
  hasOwnSeeds: true,
})
export const script = (path, args = [], options = {}) => ({ command: "bash", args, path, ...options })
export const node = (path, args = [], options = {}) => ({ command: process.execPath, args, path, ...options })
/** A file of node's tests; `only`: the test with this in its name. */
export const nodeTest = (path, { only, ...options } = {}) =>
  node(path, [], { flags: ["--test", "--test-reporter=spec", ...(only ? [`--test-name-pattern=${only}`] : [])], ...options })
/** What `./dev sanitize` wrote down when it was run last. */
export const sanitized = { read: readSanitized }

/** [passed, failed] as a run itself says; null when it ended before. */
function outcome(output) {
  const cases = /test cases: *\d+ *\| *(\d+) passed *\| *(\d+) failed/.exec(output) ?? /^(\d+) passed, (\d+) failed$/m.exec(output)
  if (cases !== null) return [Number(cases[1]), Number(cases[2])]
  const [passed, failed, cancelled] = ["pass", "fail", "cancelled"].map((what) => new RegExp(`^ℹ ${what} (\\d+)$`, "m").exec(output)?.[1])
  return passed === undefined ? null : [Number(passed), Number(failed) + Number(cancelled)]
}

function readSanitized() {
  const logs = ["asan", "tsan"].map((preset) => join(root, `build/test-logs/${preset}.counts`))
  if (!logs.every(existsSync)) return { notRun: "./dev sanitize has not been run here" }
  let output = ""
  const sums = [0, 0]
  for (const log of logs) {
    const lines = readFileSync(log, "utf8").trim().split("\n").map((line) => line.split(" "))
    for (const [, passed, failed] of lines) {
      sums[0] += Number(passed)
      sums[1] += Number(failed)
    }
    output += `${lines.length} programs of tests\n`
  }
  const when = statSync(logs[1]).mtime.toISOString().slice(0, 16).replace("T", " ")
  return { held: sums[1] === 0 && sums[0] > 0, tests: sums, output, remark: `as ./dev sanitize found on ${when}` }
}

function start({ command, args, path, flags = [], rounds: factor = 1, hasOwnSeeds }, rounds, seed) {
  const given = typeof args === "function" ? args(rounds, seed) : args
  const all = [...flags, ...(path ? [join(tests, path)] : []), ...given.map(String)]
  const env = {
    ...process.env,
    FOLDBACK_BINARY: foldback,
    FOLDBACK_ROUNDS: String(rounds * factor),
    FOLDBACK_SEED: process.env.FOLDBACK_SEED ?? String(hasOwnSeeds ? 0 : seed),
  }
  return new Promise((done) => {
    const child = spawn(command, all, { env, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text))
    child.once("error", (error) => done({ output: String(error), status: null }))
    child.once("close", (status) => done({ output, status }))
  })
}

const already = new Map()

/** What became of a run: {held, tests: [passed, failed] or null, output, seconds}, or {notRun: why}. Each is made once. */
export function result(run, rounds, seed) {
  if (run.read) return Promise.resolve({ seconds: 0, ...run.read() })
  const key = JSON.stringify([run, String(run.args)])
  if (!already.has(key)) already.set(key, judge(run, rounds, seed))
  return already.get(key)
}

async function judge(run, rounds, seed) {
  const began = performance.now()
  const { output, status } = await start(run, rounds, seed)
  const found = outcome(output)
  const held = status === 0 && found !== null && found[0] > 0 && found[1] === 0
  return { held, tests: found, output, seconds: (performance.now() - began) / 1000 }
}

/** How often a run says that it did something: "12 cuts". */
export function count(output, what) {
  let sum = 0
  for (const [, number] of output.matchAll(new RegExp(`\\b(\\d+) ${what}\\b`, "g"))) sum += Number(number)
  return sum
}
