// tail_readers.mjs <port> <path>: SSE and long-poll readers of one stream on plain sockets, so that reading costs
// little. Prints one line when all of them wait at the tail, and one with what they saw.

import net from "node:net"
import { EVENTS, READERS_OF_EACH_KIND, WARM_UP_EVENTS } from "./live_tail.mjs"
import { eventually } from "../../harness/server.mjs"

const DEADLINE_MS = 30_000
const [port, path] = process.argv.slice(2)
const total = EVENTS + WARM_UP_EVENTS

class Reader {
  seen = new Uint8Array(total)
  count = 0
  ready = false
  latencies = []

  /** All events in a piece of text that came just now. */
  note(text) {
    const now = process.hrtime.bigint()
    for (const [, number, time] of text.matchAll(/"n":(\d+),"t":"(\d+)"/g)) {
      const index = Number(number)
      this.seen[index] += 1
      if (this.seen[index] === 1) this.count += 1
      if (index >= WARM_UP_EVENTS) this.latencies.push(Number(now - BigInt(time)) / 1e6)
    }
  }
}

/** One HTTP/1.1 connection: `onBody(text, last)` for each piece of a body, `onHead(status, headers)` before. */
class Connection {
  #rest = ""
  #remaining = null

  constructor(onHead, onBody) {
    this.onHead = onHead
    this.onBody = onBody
    this.socket = net.connect(port, "127.0.0.1")
    this.socket.setNoDelay(true)
    this.socket.setEncoding("latin1")
    this.socket.on("data", (text) => this.#feed(text))
    this.socket.on("error", (error) => fail(error.message))
    this.socket.on("end", () => fail("the server closed a reader's connection"))
  }

  get(query) {
    this.socket.write(`GET ${path}?${query} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  }

  #feed(text) {
    this.#rest += text
    for (;;) {
      if (this.#remaining === null && !this.#readHead()) return
      if (this.#remaining === "chunked") {
        if (!this.#readChunk()) return
      } else {
        if (this.#rest.length < this.#remaining) return
        const body = this.#take(this.#remaining)
        this.#remaining = null
        this.onBody(body, true)
      }
    }
  }

  #take(length) {
    const piece = this.#rest.slice(0, length)
    this.#rest = this.#rest.slice(length)
    return piece
  }

  #readHead() {
    const end = this.#rest.indexOf("\r\n\r\n")
    if (end < 0) return false
    const [first, ...lines] = this.#take(end + 4).trimEnd().split("\r\n")
    const headers = {}
    for (const line of lines) {
      const colon = line.indexOf(":")
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
    }
    const status = Number(first.split(" ")[1])
    this.#remaining = headers["transfer-encoding"] === "chunked" ? "chunked" : Number(headers["content-length"] ?? 0)
    this.onHead(status, headers)
    return true
  }

  #readChunk() {
    const lineEnd = this.#rest.indexOf("\r\n")
    if (lineEnd < 0) return false
    const length = Number.parseInt(this.#rest.slice(0, lineEnd), 16)
    if (this.#rest.length < lineEnd + 2 + length + 2) return false
    this.#take(lineEnd + 2)
    const piece = this.#take(length)
    this.#take(2)
    if (length === 0) this.#remaining = null
    this.onBody(piece, length === 0)
    return true
  }
}

class SseReader extends Reader {
  constructor() {
    super()
    this.connection = new Connection(
      (status) => status !== 200 && fail(`SSE: ${status}`),
      (text, last) => {
        this.ready ||= text.includes("upToDate")
        this.note(text)
        if (last) fail("the server ended an SSE response")
      },
    )
    this.connection.get("live=sse&offset=-1")
  }
}

class LongPollReader extends Reader {
  constructor() {
    super()
    this.connection = new Connection(
      (status, headers) => {
        if (status !== 200 && status !== 204) fail(`long-poll: ${status}`)
        const offset = encodeURIComponent(headers["stream-next-offset"])
        const cursor = headers["stream-cursor"] === undefined ? "" : `cursor=${encodeURIComponent(headers["stream-cursor"])}&`
        this.next = `${cursor}live=long-poll&offset=${offset}`
      },
      (text) => {
        this.note(text)
        this.ready = true
        this.connection.get(this.next)
      },
    )
    this.connection.get("offset=-1")
  }
}

function fail(message) {
  console.error(`tail readers: ${message}`)
  process.exit(1)
}

function summary(readers) {
  let lost = 0
  let doubled = 0
  for (const { seen } of readers) {
    for (const times of seen) {
      if (times === 0) lost += 1
      else if (times > 1) doubled += 1
    }
  }
  return { lost, doubled, latencies_ms: readers.flatMap(({ latencies }) => latencies).map((ms) => Math.round(ms * 1_000) / 1_000) }
}

const sse = Array.from({ length: READERS_OF_EACH_KIND }, () => new SseReader())
const longPoll = Array.from({ length: READERS_OF_EACH_KIND }, () => new LongPollReader())
const all = [...sse, ...longPoll]
await eventually("the readers to reach the tail", () => all.every(({ ready }) => ready))
console.log(JSON.stringify("ready"))
await eventually("all events to arrive", () => all.every(({ count }) => count === total), DEADLINE_MS, 50).catch(() => {})
console.log(JSON.stringify({ SSE: summary(sse), "long-poll": summary(longPoll) }))
process.stdout.write("", () => process.exit(0))
