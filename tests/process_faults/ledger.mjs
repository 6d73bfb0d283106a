// A stream of the numbers 0, 1, 2, …, written by an idempotent producer: after every fault it holds each of them once.

import assert from "node:assert/strict"
import { Client, NoAnswer } from "../kill9/client.mjs"

const json = { "content-type": "application/json" }

export class Ledger {
  acknowledged = 0
  /** Appends that the server had already. */
  duplicates = 0
  #seq = 0

  constructor(name) {
    this.path = `/v1/stream/${name}`
    this.producer = `writer-of-${name}`
  }

  /** Whether the stream is there. */
  async create(client) {
    const { status } = await client.send("PUT", this.path, { headers: json })
    assert.notEqual(status, 409, `${this.path} is there, and another one`)
    return status < 300
  }

  /** Sends the next number, the same one until it is acknowledged; the status of the answer. */
  async append(client, padding = "") {
    const headers = { ...json, "producer-id": this.producer, "producer-epoch": "0", "producer-seq": String(this.#seq) }
    const { status } = await client.send("POST", this.path, { headers, body: JSON.stringify([{ n: this.#seq, padding }]) })
    if (status < 300) {
      this.#seq += 1
      this.acknowledged = this.#seq
      if (status === 204) this.duplicates += 1
    }
    return status
  }

  /** Everything that was acknowledged is there, in order, once; of what was not, one number at most. */
  async verify(client) {
    const seen = []
    for (let offset = "-1", more = true; more; ) {
      const { status, headers, body } = await client.send("GET", `${this.path}?offset=${offset}`)
      assert.equal(status, 200, `${this.path} cannot be read`)
      for (const { n } of JSON.parse(body)) seen.push(n)
      offset = headers["stream-next-offset"]
      more = headers["stream-up-to-date"] !== "true"
    }
    assert.deepEqual(seen, [...seen.keys()], `${this.path} is out of order`)
    assert.ok(seen.length >= this.acknowledged, `${this.path} lost ${this.acknowledged - seen.length} of ${this.acknowledged}`)
    assert.ok(seen.length <= this.acknowledged + 1, `${this.path} has what nobody sent`)
  }
}

/** What `work` yields, or null when the server went away. */
export async function unlessGone(work) {
  try {
    return await work()
  } catch (error) {
    if (error instanceof NoAnswer) return null
    throw error
  }
}

/** Runs `work` with a client of the server. */
export async function withClient(server, work) {
  const client = new Client(server.port)
  try {
    return await work(client)
  } finally {
    client.close()
  }
}
