// Starts the servers, runs the suite against each, counts what was really executed.

import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Postgres } from "../harness/postgres.mjs"
import { Server, spawnOwned } from "../harness/server.mjs"

const DEADLINE_MS = 170_000
// The suite's webhook receivers are on this machine.
// The suite asks what a browser on another site would.
const extraArgs = ["--allow-local-webhooks", "--cors-origin", "*"]

const here = dirname(fileURLToPath(import.meta.url))
const binary = process.argv[2]
const scratch = mkdtempSync(join(tmpdir(), "foldback-conformance-"))
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))

let passed = 0
const failures = []

function finish() {
  for (const failure of failures) console.log(`FAILED ${failure}`)
  console.log(`${passed} passed, ${failures.length} failed`)
  process.exit(failures.length === 0 ? 0 : 1)
}

async function startServers() {
  database = await Postgres.start()
  const nodeArgs = [...extraArgs, "--log", database.url, "--keeper"]
  return {
    node: await Server.start({ binary, longPollTimeoutMs: 500, extraArgs: nodeArgs, dataDir: join(scratch, "node") }),
    memory: await Server.start({ binary, longPollTimeoutMs: 500, extraArgs }),
    disk: await Server.start({ binary, longPollTimeoutMs: 500, extraArgs, dataDir: join(scratch, "data") }),
  }
}

/** Runs vitest on all files at once; its report, or null. */
async function runSuite(servers) {
  const reportFile = join(scratch, "report.json")
  const program = join(here, "node_modules/vitest/vitest.mjs")
  const vitest = spawnOwned(
    process.execPath,
    [program, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`],
    {
      cwd: here,
      stdio: ["ignore", "inherit", "inherit"],
      endSignal: "SIGTERM",
      env: {
        ...process.env,
        NO_COLOR: "1",
        FOLDBACK_MEMORY_URL: servers.memory.url,
        FOLDBACK_DISK_URL: servers.disk.url,
        FOLDBACK_NODE_URL: servers.node.url,
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
let servers
try {
  servers = await startServers()
} catch (error) {
  failures.push(error.message)
  finish()
}
const report = await runSuite(servers)
for (const [name, server] of Object.entries(servers)) await endServer(name, server)
await database.end("SIGINT")
if (report) for (const name of Object.keys(servers)) count(name, report)
finish()
