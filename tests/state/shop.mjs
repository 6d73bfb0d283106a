// The order service on disk, what is ordered in it, and readers of its live list.

import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { promisify } from "node:util"
import { DurableStream, stream } from "@durable-streams/client"
import { isChangeEvent, isControlEvent, MaterializedState } from "@durable-streams/state"
import { createStateSchema, createStreamDB } from "@durable-streams/state/db"
import { spawnOwned } from "../harness/server.mjs"

const run = promisify(execFile)
const backoffOptions = { initialDelay: 10, maxDelay: 100, multiplier: 1.3, maxRetries: 1_000 }

export class Shop {
  #data
  #child
  #ended
  #port = 0

  /** A service for one test, with a made-up past of `orders` orders. */
  static async start(test, { orders = 0 } = {}) {
    const shop = new Shop()
    const scratch = mkdtempSync(join(tmpdir(), "foldback-state-"))
    shop.#data = join(scratch, "data")
    if (orders > 0) {
      await run(process.env.ORDERS, ["seed", "--orders", `${orders}`, "--days", "20", "--seed", "1", "--data", shop.#data, "--quiet"])
    }
    test.after(async () => {
      await shop.kill()
      rmSync(scratch, { recursive: true, force: true })
    })
    await shop.begin()
    return shop
  }

  async begin(...options) {
    const child = spawnOwned(process.env.ORDERS, ["serve", "--listen", `127.0.0.1:${this.#port}`, "--data", this.#data, ...options],
      { stdio: ["ignore", "pipe", "inherit"] })
    this.#child = child
    this.#ended = new Promise((resolve) => child.once("exit", resolve))
    this.url = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const found = /shop floor +(http:\S+)\/$/.exec(line)
        if (found) resolve(found[1])
      })
      child.once("exit", (code) => reject(new Error(`orders ended with ${code}`)))
    })
    this.#port = Number(new URL(this.url).port)
  }

  async kill(signal = "SIGKILL") {
    this.#child.kill(signal)
    await this.#ended
  }

  get stateUrl() {
    return `${this.url}/v1/stream/views/order-list`
  }

  async request(method, path, body, key) {
    const headers = { "content-type": "application/json", ...(key && { "idempotency-key": key }) }
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) })
    const text = await response.text()
    if (response.status === 409) return this.request(method, path, body, key) // a lost race: nothing happened
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text && JSON.parse(text)
  }

  stock() {
    return this.request("POST", "/api/stock/TEA/receive", { quantity: 100_000 }, "stock")
  }

  place(id) {
    const lines = [{ sku: "TEA", name: "Tea", quantity: 1, unit_price: "2.50" }]
    return this.request("POST", `/api/orders/${id}/place`, { customer: `c${id}`, lines }, `place-${id}`)
  }

  cancel(id) {
    return this.request("POST", `/api/orders/${id}/cancel`, { reason: "test" }, `cancel-${id}`)
  }

  /** The service's own list, by id, once it has seen everything up to `position`. */
  async list(position) {
    const all = new Map()
    const atLeast = position === undefined ? "" : `&at_least=${position}`
    for (let next = `/api/orders?limit=500${atLeast}`; next;) {
      const page = await this.request("GET", next)
      for (const order of page.orders) all.set(order.id, order)
      next = page.next
    }
    return all
  }

  /** Every message of the state stream. */
  async messages() {
    const response = await stream({ url: this.stateUrl, offset: "-1", live: false, json: true })
    return response.json()
  }
}

const anything = { "~standard": { version: 1, vendor: "foldback", validate: (value) => ({ value }) } }

/** A StreamDB of the live list, as a page has one. */
export async function openDatabase(test, shop) {
  const db = createStreamDB({
    streamOptions: { url: shop.stateUrl, contentType: "application/json", backoffOptions },
    state: createStateSchema({ orders: { schema: anything, type: "order", primaryKey: "id" } }),
  })
  test.after(() => db.close())
  await db.preload()
  return db
}

/** The rows of a StreamDB's collection by id, without what StreamDB adds to them. */
export function rowsOf(db) {
  return new Map(db.collections.orders.toArray.map((row) => {
    const own = Object.entries(row).filter(([name]) => !name.startsWith("$") && name !== "_seq")
    return [row.id, Object.fromEntries(own)]
  }))
}

/** Folds all messages with the package's own MaterializedState. */
export function materialize(messages) {
  const state = new MaterializedState()
  for (const message of messages) {
    if (isChangeEvent(message)) state.apply(message)
    else if (isControlEvent(message) && message.headers.control === "reset") state.clear()
  }
  return new Map(state.getType("order"))
}

/** Changes that tell a reader nothing: what it has already, or the end of what it has not. */
export function repetitions(messages) {
  const state = new MaterializedState()
  return messages.filter(isChangeEvent).filter((message) => {
    const before = JSON.stringify(state.get("order", message.key))
    const operation = message.headers.operation
    state.apply(message)
    if (operation === "delete") return before === undefined
    return before === JSON.stringify(message.value) || (operation === "insert") !== (before === undefined)
  })
}

export function appendToState(shop, message) {
  return new DurableStream({ url: shop.stateUrl, contentType: "application/json" }).append(JSON.stringify(message))
}
