// usage: node run.mjs <build directory>

import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import path from "node:path"
import { promisify } from "node:util"
import { DurableStreamTestServer } from "@durable-streams/server"
import { CuttingProxy } from "../e2e/cutting_proxy.mjs"
import { Random } from "../harness/random.mjs"
import { Server, spawnOwned } from "../harness/server.mjs"

const build = process.argv[2]
const seed = Number(process.env.FOLDBACK_SEED ?? Math.floor(Math.random() * 2 ** 31))
let passed = 0
let failed = 0

/** Runs a doctest program against a server and counts what it counted. */
async function run(what, program, environment) {
  const child = spawnOwned(path.join(build, "bin/e2e", program), [], { env: { ...process.env, ...environment } })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += bytes))
  const deadline = setTimeout(() => child.kill("SIGKILL"), 130_000)
  const code = await new Promise((resolve) => {
    child.once("close", resolve)
    child.once("error", (error) => { output += String(error); resolve(-1) })
  })
  clearTimeout(deadline)
  const counts = /test cases: +(\d+) \| +(\d+) passed \| +(\d+) failed/.exec(output)
  const bad = counts === null || (code !== 0 && counts[3] === "0") ? 1 : Number(counts[3])
  passed += Number(counts?.[2] ?? 0)
  failed += bad
  console.log(`${what}: ${counts?.[2] ?? 0} passed, ${bad} failed`)
  if (bad > 0) console.log(`${output}\n(exit code ${code}, seed ${seed})`)
}

/** The program of docs/client.md prints what the document says. */
async function tour() {
  const url = `${servers[1].root}${servers[1].prefix}/tour`
  const { stdout, stderr } = await promisify(execFile)(path.join(build, "bin/e2e/client_guide_tour"), [url], { timeout: 30_000 }).catch((error) => error)
  const isRight = stdout === readFileSync(path.join(build, "bin/e2e/tour.expected"), "utf8")
  if (isRight) passed += 1
  else failed += 1
  console.log(`the guide's program: ${isRight ? "1 passed" : `1 failed\n${stdout}${stderr}`}`)
}

const reference = new DurableStreamTestServer({ port: 0, longPollTimeout: 500 })
await reference.start()
const ours = await Server.start({ binary: path.join(build, "bin/foldback"), longPollTimeoutMs: 500 })

const servers = [
  { name: "the reference server", root: reference.url, port: Number(new URL(reference.url).port), prefix: "" },
  { name: "our server", root: `http://127.0.0.1:${ours.port}`, port: ours.port, prefix: "/v1/stream" },
]
for (const { name, root, prefix } of servers) {
  await run(`scenarios with ${name}`, "client_scenarios", { CLIENT_TEST_URL: root + prefix })
}
await run("If-Match with our server", "client_if_match", { CLIENT_TEST_URL: servers[1].root + servers[1].prefix })
await tour()
console.log(`cuts and delays drawn with FOLDBACK_SEED=${seed}`)
for (const { name, root, port, prefix } of servers) {
  const proxy = await CuttingProxy.start({
    targetPort: port,
    random: new Random(seed),
    requestBytes: 60_000,
    responseBytes: 120_000,
    delayMs: 3,
    test: { after: () => {} },
  })
  await run(`a network that cuts before ${name}`, "client_bad_network", {
    CLIENT_TEST_URL: root + prefix,
    CLIENT_TEST_PROXY_URL: proxy.url + prefix,
  })
  console.log(`  ${proxy.cuts.request} requests and ${proxy.cuts.response} responses were cut`)
  proxy.stop()
}
await reference.stop()
await ours.stop()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
