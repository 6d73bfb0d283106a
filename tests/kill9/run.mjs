// run.mjs <rounds> <seed>: kills the server again and again and judges what it remembers.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { Random } from "../harness/random.mjs"
import { Server } from "../harness/server.mjs"
import { Client } from "./client.mjs"
import { verifyDeleted, verifyStream } from "./verify.mjs"
import { Workload } from "./workload.mjs"

const ROUNDS_PER_DATA_DIRECTORY = 15
const MAX_FAILED_ROUNDS = 5
const SHOWN_LINES = 80

const rounds = Number(process.argv[2])
const seed = Number(process.argv[3])
const binary = process.env.FOLDBACK_BINARY

/** One data directory, the server on it, and everything that is known about its streams. */
class Store {
  static async open(random) {
    const store = new Store()
    store.random = random
    store.directory = mkdtempSync(join(tmpdir(), "foldback-kill9-"))
    store.server = await Server.start({ binary, dataDir: join(store.directory, "data"), longPollTimeoutMs: 500 })
    store.client = new Client(store.server.port)
    store.workload = new Workload(random)
    return store
  }

  /** One round: work, kill, recover (and perhaps be killed in that), judge, resolve, judge again. */
  async round() {
    const { random, server, workload } = this
    const round = { killing: false, over: false, failures: [] }
    const working = workload.run(this.client, round)
    const delay = random.integer(0, 300)
    await pause(delay)
    round.killing = true
    round.over = true
    const exit = await server.kill()
    await working
    this.client.close()
    if (exit.signal !== "SIGKILL") throw new Error(`the server ended by itself: ${exit.code ?? exit.signal}`)
    if (round.failures.length > 0) throw round.failures[0]

    await this.#recover()
    const violations = await this.#judge()
    if (violations.length === 0) {
      await workload.resolve(this.client)
      violations.push(...(await this.#judge()))
    }
    workload.makeRoom()
    return { delay, violations }
  }

  async #recover() {
    const { random, server } = this
    while (random.chance(0.3)) {
      server.spawn()
      await pause(random.integer(0, 40))
      await server.kill()
      killedRecovering += 1
    }
    const begun = performance.now()
    await server.start()
    restartsMs.push(performance.now() - begun)
    this.client = new Client(server.port)
  }

  async #judge() {
    const { random, client, workload } = this
    const violations = []
    for (const stream of workload.streams) {
      for (const found of await verifyStream(client, stream, random)) violations.push({ ...found, history: stream.history })
    }
    for (const stream of workload.deleted) {
      for (const found of await verifyDeleted(client, stream)) violations.push({ ...found, history: stream.history })
    }
    return violations
  }

  /** At the end of its time: a clean stop, and all streams of all rounds once more. */
  async finish() {
    const exit = await this.server.stop()
    this.client.close()
    if (exit.code !== 0) throw new Error(`SIGTERM did not end the server cleanly: ${exit.code ?? exit.signal}`)
    await this.server.start()
    this.client = new Client(this.server.port)
    const violations = await this.#judge()
    for (const stream of this.workload.retired) {
      for (const found of await verifyStream(this.client, stream, this.random)) violations.push({ ...found, history: stream.history })
    }
    return violations
  }

  async remove({ keep }) {
    await this.server.kill()
    this.client.close()
    if (!keep) rmSync(this.directory, { recursive: true, force: true })
  }
}

function report(number, store, violations, error) {
  const lines = [`round ${number} FAILED (seed ${seed}); the data is kept in ${store.directory}`]
  for (const { rule, detail, history } of violations) lines.push(`  ${rule} in ${history.name}: ${detail}`)
  if (error) lines.push(`  ${error.stack}`, "  the server's last words:", store.server.log.slice(-2_000))
  const histories = new Set(violations.map(({ history }) => history))
  if (error?.history) histories.add(error.history)
  const full = [...lines, ...[...histories].map(String)].join("\n").split("\n")
  writeFileSync(join(store.directory, "history.txt"), full.join("\n"))
  console.log(full.slice(0, SHOWN_LINES).join("\n"))
  if (full.length > SHOWN_LINES) console.log(`  … ${full.length - SHOWN_LINES} more lines in ${join(store.directory, "history.txt")}`)
}

let passed = 0
let failed = 0
let store = null
let killedRecovering = 0
const restartsMs = []
const counts = {}

async function closeStore(keep) {
  for (const [what, count] of Object.entries(store.workload.counts)) counts[what] = (counts[what] ?? 0) + count
  await store.remove({ keep })
  store = null
}

const started = performance.now()
for (let number = 1; number <= rounds && failed < MAX_FAILED_ROUNDS; number += 1) {
  let violations = []
  let error = null
  try {
    // A round's choices follow from the seed and its number, whatever the rounds before needed.
    const random = new Random(seed).fork(number)
    if (store) store.random = store.workload.random = random
    store ??= await Store.open(random)
    const last = number === rounds || number % ROUNDS_PER_DATA_DIRECTORY === 0
    const result = await store.round()
    violations = result.violations
    if (last && violations.length === 0) violations = await store.finish()
    if (rounds <= 50 || number % 25 === 0) console.log(`round ${number}: killed after ${result.delay} ms, ${store.workload.streams.length} streams right`)
    if (last && violations.length === 0) await closeStore(false)
  } catch (caught) {
    error = caught
  }
  if (violations.length === 0 && !error) {
    passed += 1
    continue
  }
  failed += 1
  if (!store) {
    console.log(`round ${number} FAILED: ${error.stack}`)
    continue
  }
  report(number, store, violations, error)
  await closeStore(true)
}

const seconds = ((performance.now() - started) / 1000).toFixed(1)
const happened = Object.entries(counts).sort(([left], [right]) => left.localeCompare(right)).map(([what, count]) => `${count} ${what}`)
restartsMs.sort((a, b) => a - b)
const p99 = restartsMs[Math.floor(restartsMs.length * 0.99)] ?? 0
console.log(`seed ${seed}: ${restartsMs.length} kills in ${seconds} s, ${killedRecovering} more while it recovered; ` +
  `${p99.toFixed(0)} ms for 99 of 100 restarts. ${happened.join(", ")}`)
if (failed === MAX_FAILED_ROUNDS && passed + failed < rounds) console.log(`gave up after ${MAX_FAILED_ROUNDS} failed rounds`)
console.log(`${passed + Number(process.argv[4] ?? 0)} passed, ${failed + Number(process.argv[5] ?? 0)} failed`)
process.exit(failed === 0 ? 0 : 1)
