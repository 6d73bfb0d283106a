// usage: node run.mjs <build directory>

import { execFile, execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { promisify } from "node:util"
import { DurableStreamTestServer } from "@durable-streams/server"
import { CuttingProxy } from "../e2e/cutting_proxy.mjs"
import { Random } from "../harness/random.mjs"
import { freePort, Server, spawnOwned } from "../harness/server.mjs"
import { DrippingServer } from "./dripping_server.mjs"
import { RefusingServer } from "./refusing_server.mjs"

const build = process.argv[2]
const seed = Number(process.env.FOLDBACK_SEED ?? Math.floor(Math.random() * 2 ** 31))
let passed = 0
let failed = 0

/** Runs a doctest program against a server and counts what it counted. */
async function run(what, program, environment) {
  const child = spawnOwned(path.join(build, "bin/e2e", program), [], { env: { ...process.env, ...environment } })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += bytes))
  const deadline = setTimeout(() => child.kill("SIGKILL"), 300_000)
  const code = await new Promise((resolve) => {
    child.once("close", resolve)
    child.once("error", (error) => { output += String(error); resolve(-1) })
  })
  clearTimeout(deadline)
  const counts = /test cases: +(\d+) \| +(\d+) passed \| +(\d+) failed/.exec(output)
  const bad = counts === null || (code !== 0 && counts[3] === "0") ? 1 : Number(counts[3])
  // Of a program that also has cases for other stores those count that were about this server.
  const about = /^over another server: (\d+) ran, (\d+) were told/m.exec(output)
  const good = about ? Number(about[1]) + Number(about[2]) : Number(counts?.[2] ?? 0)
  passed += good
  failed += bad
  console.log(`${what}: ${good} passed, ${bad} failed${about ? ` (${about[2]} of them were told what is missing)` : ""}`)
  for (const line of output.split("\n").filter((text) => text.startsWith("not run "))) console.log(`  ${line}`)
  if (bad > 0) console.log(`${output}\n(exit code ${code}, seed ${seed})`)
}

/** A program of docs/client.md or docs/remote-store.md prints what the document says. */
async function guide(program, url, document = "client_guide") {
  const ran = promisify(execFile)(path.join(build, `bin/e2e/${document}_${program}`), [url], { timeout: 30_000 })
  const { stdout, stderr } = await ran.catch((error) => error)
  const isRight = stdout === readFileSync(path.join(build, `bin/e2e/${program}.expected`), "utf8")
  if (isRight) passed += 1
  else failed += 1
  console.log(`the guide's program ${program}: ${isRight ? "1 passed" : `1 failed\n${stdout}${stderr}`}`)
}

/** openssl, in the directory of the certificates. */
function openssl(directory, ...args) {
  execFileSync("openssl", args, { cwd: directory, stdio: ["ignore", "ignore", "ignore"] })
}

const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]

function makeAuthority(directory, name) {
  openssl(directory, "req", "-x509", ...key, "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`)
}

/** Options of a server that shows a certificate of the authority for one name. */
function certificate(directory, name, authority, alternativeName) {
  const [pem, keyFile] = [`${name}.pem`, `${name}.key`].map((file) => path.join(directory, file))
  openssl(directory, "req", "-x509", ...key, "-keyout", keyFile, "-out", pem, "-subj", `/CN=${name}`,
    "-addext", `subjectAltName=${alternativeName}`, "-addext", "basicConstraints=critical,CA:FALSE",
    "-CA", `${authority}.pem`, "-CAkey", `${authority}.key`)
  return ["--tls-certificate", pem, "--tls-key", keyFile]
}

/** The same scenarios over TLS, and whom the client believes. */
async function overTls() {
  const directory = mkdtempSync(path.join(tmpdir(), "foldback-client-tls-"))
  for (const name of ["ca", "stranger"]) makeAuthority(directory, name)
  const binary = path.join(build, "bin/foldback")
  const right = new Server({ binary, port: await freePort(), longPollTimeoutMs: 500, extraArgs: certificate(directory, "right", "ca", "IP:127.0.0.1") })
  const misnamed = new Server({ binary, port: await freePort(), extraArgs: certificate(directory, "misnamed", "ca", "DNS:elsewhere.example") })
  for (const server of [right, misnamed]) await server.startAccepting()
  const ofAuthority = { CLIENT_TEST_CA: path.join(directory, "ca.pem") }
  const url = ({ port }) => `https://127.0.0.1:${port}/v1/stream`
  await run("scenarios over TLS", "client_scenarios", { ...ofAuthority, CLIENT_TEST_URL: url(right) })
  await run("whom the client believes", "client_tls", {
    ...ofAuthority,
    CLIENT_TEST_URL: url(right),
    CLIENT_TEST_OTHER_CA: path.join(directory, "stranger.pem"),
    CLIENT_TEST_MISNAMED_URL: url(misnamed),
    CLIENT_TEST_PLAIN_URL: servers[1].root + servers[1].prefix,
  })
  for (const server of [right, misnamed]) await server.stop()
  rmSync(directory, { recursive: true })
}

/** A store over a network that loses answers. */
async function storeOverBadNetwork(name, { root, port, prefix }, server, storePrefix) {
  const proxy = await CuttingProxy.start({
    targetPort: port,
    random: new Random(seed + 2),
    requestBytes: 8_000,
    responseBytes: 8_000,
    delayMs: 2,
    duplicates: 0.3,
    stragglers: 0.5,
    test: { after: () => {} },
  })
  await run(`a store over a bad network before ${name}`, "store_over_bad_network", {
    CLIENT_TEST_URL: root + prefix,
    STORE_TEST_SERVER: server,
    STORE_TEST_HOSTILE_URL: proxy.url + storePrefix,
  })
  const { cuts, duplicated, straggled } = proxy
  console.log(`  ${cuts.request} requests and ${cuts.response} answers were cut, ${duplicated} connections came twice, ${straggled} late`)
  if (cuts.response < 20 || straggled < 3) {
    failed += 1
    console.log("  the network was too kind: 1 failed")
  }
  proxy.stop()
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
for (const program of ["tour", "accounts", "awaited"]) await guide(program, `${servers[1].root}${servers[1].prefix}/${program}`)
const empty = await Server.start({ binary: path.join(build, "bin/foldback") })
await guide("counter", empty.url, "remote_guide")
await guide("elsewhere", `${reference.url}/elsewhere`, "remote_guide")
await empty.stop()
// What does not run over the reference server says so in the lines "not run", with the capability that is missing.
for (const [what, program] of Object.entries({
  "the contract of a store": "contract_test",
  "repositories, commands and snapshots": "app_test",
  "projections": "projection_test",
  "the State protocol": "state_test",
  "workflows": "workflow_test",
  "history": "history_test",
})) {
  await run(`${what} with the reference server`, `../tests/${program}`, { CONTRACT_SERVER_URL: reference.url })
}
await overTls()
const refusing = await RefusingServer.start()
const dripping = await DrippingServer.start()
await run("odd servers", "client_odd_servers", { CLIENT_TEST_REFUSING_URL: refusing.url, CLIENT_TEST_DRIPPING_URL: dripping.url })
for (const server of [refusing, dripping]) server.stop()
console.log(`the network's faults are drawn with FOLDBACK_SEED=${seed}`)
for (const { name, root, port, prefix } of servers) {
  const faults = { targetPort: port, requestBytes: 60_000, responseBytes: 120_000, delayMs: 3, test: { after: () => {} } }
  const cutting = await CuttingProxy.start({ ...faults, random: new Random(seed) })
  const hostile = await CuttingProxy.start({
    ...faults,
    random: new Random(seed + 1),
    requestBytes: 10_000,
    responseBytes: 20_000,
    duplicates: 0.5,
    stragglers: 0.5,
  })
  await run(`a bad network before ${name}`, "client_bad_network", {
    CLIENT_TEST_URL: root + prefix,
    CLIENT_TEST_CUTTING_URL: cutting.url + prefix,
    CLIENT_TEST_HOSTILE_URL: hostile.url + prefix,
  })
  const { cuts, duplicated, straggled } = hostile
  console.log(`  ${cuts.request} requests and ${cuts.response} responses were cut, ${duplicated} connections came twice, ${straggled} late`)
  if (duplicated < 5 || straggled < 3) {
    failed += 1
    console.log("  the network was too kind: 1 failed")
  }
  for (const proxy of [cutting, hostile]) proxy.stop()
}
await storeOverBadNetwork("the reference server", servers[0], "durable_streams", servers[0].prefix)
await storeOverBadNetwork("our server as any other", servers[1], "durable_streams", servers[1].prefix)
await storeOverBadNetwork("our server", servers[1], "foldback", "")
await reference.stop()
await ours.stop()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
