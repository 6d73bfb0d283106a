// run.mjs <binary> [<server>…]: starts the servers, runs the suite against each, counts what was really executed.

import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import http from "node:http"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Postgres } from "../harness/postgres.mjs"
import { freePort, Server, spawnOwned } from "../harness/server.mjs"

const SLOW_FLUSH_US = 50_000
// The suite's webhook receivers are on this machine.
// The suite asks what a browser on another site would.
const extraArgs = ["--allow-local-webhooks", "--cors-origin", "*"]

const here = dirname(fileURLToPath(import.meta.url))
const binary = process.argv[2]
const chosen = process.argv.length > 3 ? process.argv.slice(3) : ["memory", "disk", "node"]
// Where a flush takes 50 ms, so does each of the many appends that some tests make one after another.
const isSlow = chosen.includes("slow")
const DEADLINE_MS = isSlow ? 900_000 : 170_000
const TEST_TIMEOUT_MS = isSlow ? 120_000 : 5_000
const scratch = mkdtempSync(join(tmpdir(), "foldback-conformance-"))
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))

let passed = 0
const failures = []

function finish() {
  for (const failure of failures) console.log(`FAILED ${failure}`)
  console.log(`${passed} passed, ${failures.length} failed`)
  process.exit(failures.length === 0 ? 0 : 1)
}

const plain = { binary, longPollTimeoutMs: 500, extraArgs }

const start = {
  memory: () => Server.start(plain),
  disk: () => Server.start({ ...plain, dataDir: join(scratch, "data") }),
  async node() {
    database = await Postgres.start()
    return Server.start({ ...plain, extraArgs: [...extraArgs, "--log", database.url, "--keeper"], dataDir: join(scratch, "node") })
  },
  async killed() {
    const server = await Server.start({ ...plain, dataDir: join(scratch, "killed") })
    await restartWhenAsked(server)
    return server
  },
  async slow() {
    const server = new Server({ ...plain, port: await freePort(), dataDir: join(scratch, "slow") })
    server.args = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync",
      "-e", `inject=fdatasync,fsync:delay_exit=${SLOW_FLUSH_US}`, "--", binary, ...server.args]
    server.binary = "strace"
    await server.start()
    return server
  },
}

/** Whoever asks has the server killed and started again. */
async function restartWhenAsked(server) {
  killer = http.createServer(async (_, response) => {
    try {
      await server.kill()
      await server.start()
      kills += 1
      response.writeHead(204).end()
    } catch (error) {
      response.writeHead(500).end(error.message)
    }
  })
  await new Promise((resolve) => killer.listen(0, "127.0.0.1", resolve))
}

/** Runs vitest on all files at once; its report, or null. */
async function runSuite(servers) {
  const reportFile = join(scratch, "report.json")
  const program = join(here, "node_modules/vitest/vitest.mjs")
  const vitest = spawnOwned(
    process.execPath,
    [program, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`,
      `--testTimeout=${TEST_TIMEOUT_MS}`, ...chosen.map((name) => `${name}.test.mjs`)],
    {
      cwd: here,
      stdio: ["ignore", "inherit", "inherit"],
      endSignal: "SIGTERM",
      env: {
        ...process.env,
        NO_COLOR: "1",
        ...Object.fromEntries(Object.entries(servers).map(([name, { url }]) => [`FOLDBACK_${name.toUpperCase()}_URL`, url])),
        FOLDBACK_KILL_URL: killer ? `http://127.0.0.1:${killer.address().port}/` : "",
      },
    },
  )
  const timer = setTimeout(() => {
    failures.push(`the suite did not end within ${DEADLINE_MS / 1000} s`)
    vitest.kill("SIGTERM")
    setTimeout(() => vitest.kill("SIGKILL"), 5_000).unref()
  }, DEADLINE_MS)
  await new Promise((resolve) => vitest.once("exit", resolve))
  clearTimeout(timer)

  try {
    return JSON.parse(readFileSync(reportFile, "utf8"))
  } catch {
    failures.push("the suite wrote no report")
    return null
  }
}

async function endServer(name, server) {
  const endedEarly = !server.alive
  const { code, signal } = await server.stop()
  if (endedEarly) failures.push(`${name}: the server ended during the run (exit ${code ?? signal})\n${server.log}`)
  else if (code !== 0) failures.push(`${name}: SIGTERM did not end the server cleanly (exit ${code ?? signal})\n${server.log}`)
}

function count(name, report) {
  const file = report.testResults.find((result) => result.name.endsWith(`/${name}.test.mjs`))
  const tests = file?.assertionResults ?? []
  let executed = 0
  for (const test of tests) {
    if (test.status === "passed") {
      executed += 1
      passed += 1
    } else if (test.status === "failed") {
      executed += 1
      failures.push(`${name}: ${test.fullName}: ${test.failureMessages[0].split("\n")[0]}`)
    } else {
      failures.push(`${name}: ${test.fullName}: ${test.status}`)
    }
  }
  if (file?.message) failures.push(`${name}: ${file.message}`)
  if (executed === 0) failures.push(`${name}: no test was executed`)
  console.log(`${name}: ${executed} tests executed, ${tests.length - executed} not`)
}

let database
let killer
let kills = 0
const servers = {}
try {
  for (const name of chosen) servers[name] = await start[name]()
} catch (error) {
  failures.push(error.message)
  finish()
}
const report = await runSuite(servers)
for (const [name, server] of Object.entries(servers)) await endServer(name, server)
killer?.close()
if (killer) console.log(`killed ${kills} times`)
await database?.end("SIGINT")
if (report) for (const name of Object.keys(servers)) count(name, report)
finish()
