// run.mjs <binary> <rounds> <seed>

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { Random } from "../harness/random.mjs"
import { eventually, Server } from "../harness/server.mjs"
import { Handled } from "./handled.mjs"
import { ask, askUntilAnswered } from "./http.mjs"
import { WebhookReceiver, work } from "./workers.mjs"

const STREAMS = 12
const WRITERS = 3
const [binary, rounds, seed] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const random = new Random(seed)
const directory = mkdtempSync(join(tmpdir(), "foldback-subscriptions-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const failures = []
let passed = 0
function judge(what, problems) {
  if (problems.length === 0) passed += 1
  else failures.push(`${what}: ${problems.join("; ")}`)
}

const server = await Server.start({ binary, dataDir: join(directory, "data"), extraArgs: ["--allow-local-webhooks"] })
const { port } = server
const keys = (await ask(port, "GET", "__ds/jwks.json")).body

// Who is served how.
const handled = { hook: new Handled("hook"), pull: new Handled("pull") }
const receiver = new WebhookReceiver(port, handled.hook, random.fork(1), keys)
const url = await receiver.listen()
await askUntilAnswered(port, "PUT", "wake", [])
const lease_ttl_ms = 1_000
await askUntilAnswered(port, "PUT", "__ds/subscriptions/hook", { type: "webhook", pattern: "events/**", webhook: { url }, lease_ttl_ms })
await askUntilAnswered(port, "PUT", "__ds/subscriptions/pull", { type: "pull-wake", pattern: "events/*", wake_stream: "wake", lease_ttl_ms })
// A receiver that nobody will ever reach.
const nowhere = { type: "webhook", pattern: "**", webhook: { url: "http://127.0.0.1:9/" }, lease_ttl_ms }
await askUntilAnswered(port, "PUT", "__ds/subscriptions/nowhere", nowhere)

const state = { over: false, reliable: false }
const workers = [2, 3].map((salt) => work(port, "pull", handled.pull, random.fork(salt), state))

// What was acknowledged to a writer.
const appended = new Set()
let writing = true
async function write(writer) {
  const choice = random.fork(100 + writer)
  for (let number = 0; writing; number += 1) {
    const stream = `events/${choice.integer(0, STREAMS - 1)}`
    const id = `${writer}.${number}`
    const put = await ask(port, "PUT", stream)
    if (put && (await ask(port, "POST", stream, [{ id }]))?.status === 204) appended.add(id)
    else await pause(5)
  }
}
const writers = Array.from({ length: WRITERS }, (_, writer) => write(writer))

async function acknowledgedUnhandled() {
  const problems = []
  for (const [id, of] of Object.entries(handled)) {
    const answer = await ask(port, "GET", `__ds/subscriptions/${id}`)
    if (answer?.status !== 200) problems.push(`${id} is not there: ${answer?.status}`)
    else problems.push(...of.problems(answer.body))
  }
  return problems
}

for (let round = 1; round <= rounds; round += 1) {
  await pause(random.integer(20, 700))
  await server.kill()
  if (random.chance(0.3)) {
    server.spawn()
    await pause(random.integer(0, 60))
    await server.kill()
  }
  await server.start()
  judge(`round ${round}`, await acknowledgedUnhandled())
}

writing = false
await Promise.all(writers)
state.reliable = receiver.reliable = true
const missing = () => Object.values(handled).flatMap((of) => [...appended].filter((id) => !of.events.has(id)).map((id) => `${of.name} ${id}`))
const caughtUp = await eventually("everything to be handled", () => missing().length === 0, 90_000, 50).catch((error) => error)
judge("everything that was appended was handled", caughtUp === true ? [] : [caughtUp.message, ...missing().slice(0, 10)])

async function allAcknowledged() {
  for (const id of Object.keys(handled)) {
    const { streams } = (await ask(port, "GET", `__ds/subscriptions/${id}`)).body
    for (const { path, acked_offset: acked } of streams) {
      const tail = (await ask(port, "GET", `${path}?offset=now`)).headers["stream-next-offset"]
      if (acked !== tail) return false
    }
  }
  return true
}
const acknowledged = await eventually("everything to be acknowledged", allAcknowledged, 30_000, 50).catch((error) => error)
judge("everything that was handled is acknowledged", acknowledged === true ? [] : [acknowledged.message])
judge("nothing is acknowledged that was not handled", await acknowledgedUnhandled())
judge("the receiver found nothing wrong", [...new Set(receiver.problems)].slice(0, 5))
const keysNow = (await ask(port, "GET", "__ds/jwks.json")).body
judge("the signing key is the same", JSON.stringify(keysNow) === JSON.stringify(keys) ? [] : ["it changed"])
const unreachable = (await ask(port, "GET", "__ds/subscriptions/nowhere")).body
judge("a receiver that is not there is known to fail", unreachable.status === "failed" ? [] : [unreachable.status])

state.over = true
await Promise.all(workers)
receiver.close()
const exit = await server.stop()
judge("the server ends cleanly", exit.code === 0 ? [] : [`exit ${exit.code ?? exit.signal}`, server.log])
console.log(`${appended.size} events in ${rounds} lives, ${receiver.wakes} webhooks`)
for (const failure of failures) console.log(`FAILED ${failure}`)
console.log(`${passed} passed, ${failures.length} failed`)
process.exit(failures.length === 0 ? 0 : 1)
