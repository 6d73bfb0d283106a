// run.mjs <binary>: in a network of its own, see run.sh

import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Random } from "../harness/random.mjs"
import { eventually, freePort, Server } from "../harness/server.mjs"
import { ask } from "../subscriptions_kill9/http.mjs"
import { Names } from "./names.mjs"

const names = Math.min(60 * Number(process.env.FOLDBACK_ROUNDS ?? 1), 600)
const seed = Number(process.env.FOLDBACK_SEED ?? Date.now() % 1_000_000)
const directory = mkdtempSync(join(tmpdir(), "foldback-rebinding-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))
console.log(`FOLDBACK_SEED=${seed}`)

const resolver = await Names.serve(new Random(seed))
const calls = join(directory, "calls")
const server = new Server({ binary: process.argv[2], port: await freePort() })
server.args = ["-D", "-f", "-qq", "-yy", "-o", calls, "-e", "trace=connect", "--", server.binary, ...server.args]
server.binary = "strace"
await server.start()

/** To which addresses TCP was connected: questions for names, and for routes to addresses, are UDP. */
function connected() {
  const lines = readFileSync(calls, "utf8").split("\n").filter((line) => /connect\(\d+<TCP/.test(line))
  return lines.map((line) => /inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"/.exec(line)?.slice(1).find(Boolean) ?? line)
}

let passed = 0
let failed = 0
function check(what, holds, detail = "") {
  if (holds) passed += 1
  else failed += 1
  if (!holds) console.log(`FAILED ${what} ${detail}`)
}

for (let i = 0; i < names; i += 1) {
  const answer = await ask(server.port, "PUT", `__ds/subscriptions/s${i}`,
    { type: "webhook", pattern: "events", webhook: { url: `https://n${i}.hooks.example.com/x` }, lease_ttl_ms: 1_000 })
  check("a subscription to a name of the internet is taken", answer?.status === 201, JSON.stringify(answer))
}
await ask(server.port, "PUT", "events")
await ask(server.port, "POST", "events", [1])
// Each name is asked for until it has had several addresses.
await eventually("the names to be asked for again", () => resolver.names.size === names && resolver.rebound() >= names / 2, 60_000, 50)
const exit = await server.stop()
const addresses = connected()
const forbidden = addresses.filter((address) => address !== Names.public)
check("nothing is connected to that is not public", forbidden.length === 0, [...new Set(forbidden)].join(", "))
check("what is public is connected to", addresses.length > 0)
check("the server ends cleanly", exit.code === 0, server.log)
resolver.close()
console.log(`${resolver.names.size} names that change, ${resolver.questions} questions, ${addresses.length} connections`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
