// What the tests share: a server on disk, the events of an order, a reader that resumes by itself.

import assert from "node:assert/strict"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { setTimeout as pause } from "node:timers/promises"
import { isDeepStrictEqual } from "node:util"
import { DurableStream, stream } from "@durable-streams/client"
import { Server, spawnOwned } from "../harness/server.mjs"

const here = dirname(fileURLToPath(import.meta.url))

const followers = new Set()

/** A fresh server on disk for one test; ended, and its directory removed, with the test. Its readers end before it. */
export async function serverOnDisk(test) {
  const scratch = mkdtempSync(join(tmpdir(), "foldback-e2e-"))
  const server = await Server.start({
    binary: process.env.FOLDBACK_BINARY,
    dataDir: join(scratch, "data"),
    longPollTimeoutMs: 2_000,
  })
  test.after(async () => {
    for (const follower of followers) await follower.stop()
    await server.kill()
    rmSync(scratch, { recursive: true, force: true })
  })
  return server
}

export function orderEvents(first, last) {
  const events = []
  for (let id = first; id <= last; id += 1) {
    events.push({ id, type: "item_added", data: { sku: `sku-${id % 17}`, quantity: 1 + (id % 5), note: "Grüße, 東京 🚀" } })
  }
  return events
}

/** That `actual` is `orderEvents(first, last)`, naming the first difference only. */
export function assertEvents(actual, first, last) {
  const expected = orderEvents(first, last)
  const differs = actual.findIndex((event, index) => !isDeepStrictEqual(event, expected[index]))
  if (differs >= 0) {
    const ids = actual.slice(Math.max(0, differs - 3), differs + 4).map((event) => event.id)
    assert.fail(`event ${differs} should be ${expected[differs]?.id ?? "absent"}; the ids around it are ${ids.join(" ")}`)
  }
  assert.equal(actual.length, expected.length, "events are missing at the end")
}

/**
 * That the events up to `last` came, each as it was appended and none before the one that precedes it. Returns how often
 * the reader was sent back to something that it had.
 */
export function assertNoneMissing(actual, last) {
  let seen = 0
  let repetitions = 0
  let previous = 0
  for (const event of actual) {
    assert.deepEqual(event, orderEvents(event.id, event.id)[0])
    assert.ok(event.id <= seen + 1, `event ${seen + 1} is missing before event ${event.id}`)
    if (event.id <= previous) repetitions += 1
    else assert.equal(event.id, previous + 1, `event ${previous + 1} is missing before event ${event.id}`)
    previous = event.id
    seen = Math.max(seen, event.id)
  }
  assert.equal(seen, last, "events are missing at the end")
  return repetitions
}

export function createOrder(server, name) {
  return DurableStream.create({ url: server.streamUrl(name), contentType: "application/json" })
}

export async function appendAll(order, events) {
  for (const event of events) await order.append(JSON.stringify(event))
}

/** Everything there is from `offset` on: {items, offset}. */
export async function readAll(url, offset = "-1") {
  const response = await stream({ url, offset, live: false, json: true })
  const items = await response.json()
  return { items, offset: response.offset }
}

/** Appends `orderEvents(first, last)` from another process; resolves when it has ended well. */
export async function appendFromAnotherProcess(url, first, last) {
  const child = spawnOwned(process.execPath, [join(here, "append_process.mjs"), url, String(first), String(last)], {
    stdio: ["ignore", "inherit", "inherit"],
  })
  const [code] = await once(child, "exit")
  if (code !== 0) throw new Error(`the appending process ended with ${code}`)
}

/**
 * Follows a stream as an application would: keeps the offset of the last batch it has dealt with and, when the
 * connection breaks, goes on from there. `items` grows; `caughtUp` counts the batches that ended at the tail.
 */
export class Follower {
  items = []
  offset
  caughtUp = 0
  restarts = 0
  #stopped = false
  #abort = new AbortController()
  #done

  constructor(url, { live, offset = "-1" }) {
    this.offset = offset
    this.#done = this.#follow(url, live)
    followers.add(this)
  }

  async #follow(url, live) {
    while (!this.#stopped) {
      try {
        await this.#session(url, live)
      } catch {
        if (this.#stopped) return
        this.restarts += 1
        await pause(10)
      }
    }
  }

  async #session(url, live) {
    const response = await stream({
      url,
      live,
      offset: this.offset,
      json: true,
      signal: this.#abort.signal,
      backoffOptions: { initialDelay: 10, maxDelay: 100, multiplier: 1.3, maxRetries: 20 },
      sseResilience: { backoffBaseDelay: 10, logWarnings: false },
    })
    response.subscribeJson(async (batch) => {
      this.items.push(...batch.items)
      this.offset = batch.offset
      if (batch.upToDate) this.caughtUp += 1
    })
    await response.closed
  }

  /** The id of the last event seen; 0 before any. */
  get lastId() {
    return this.items.at(-1)?.id ?? 0
  }

  async stop() {
    followers.delete(this)
    this.#stopped = true
    this.#abort.abort()
    await this.#done
  }
}
