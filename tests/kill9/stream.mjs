// The requests of the protocol on one stream, each noted in its history with what came back.

import { DamagedEvents, eventId, formats, Place } from "./events.mjs"
import { moment } from "./history.mjs"

/** An answer that no interleaving and no crash explains. */
export class WrongAnswer extends Error {
  constructor(history, what, answer) {
    super(`${what}: ${answer.status} ${JSON.stringify(answer.headers)} ${answer.body?.toString().slice(0, 300) ?? ""}`)
    this.history = history
  }
}

export class Stream {
  #operations = 0
  /** Offsets to read from, with what they were learnt from. */
  offsets = []
  closed = false
  gone = false
  /** Somebody has begun to delete it: whether it is gone is not known until the answer comes. */
  deleting = false
  everForked = false

  constructor(history) {
    this.history = history
    this.format = formats[history.format]
  }

  get path() {
    return `/v1/stream/${this.history.name}`
  }

  get usable() {
    return !this.closed && !this.gone
  }

  newEvents(random, count, paddingLength) {
    const number = this.#operations
    this.#operations += 1
    return Array.from({ length: count }, (_, index) => eventId(this.history.incarnation, number, index, paddingLength(random)))
  }

  /**
   * Sends `operation` (append, close, append_close) once. Throws NoAnswer when no answer came, WrongAnswer when one
   * came that must not; otherwise the attempt, noted as acknowledged or refused.
   */
  async post(client, operation, { streamSeq = null, chunked = false } = {}) {
    const { producer, events, kind } = operation
    const headers = { "content-type": this.format.contentType }
    if (kind !== "append") headers["stream-closed"] = "true"
    if (streamSeq !== null) headers["stream-seq"] = streamSeq
    if (producer) {
      headers["producer-id"] = producer.id
      headers["producer-epoch"] = String(producer.epoch)
      headers["producer-seq"] = String(producer.seq)
    }
    let body = events.length > 0 ? this.format.encode(events) : undefined
    if (body !== undefined && chunked) body = inParts(Buffer.from(body))

    const attempt = operation.begin()
    const answer = await client.send("POST", this.path, { headers, body })
    attempt.end = moment()
    attempt.status = answer.status
    this.#note(operation, attempt, answer)
    return attempt
  }

  #note(operation, attempt, answer) {
    const { status, headers } = answer
    const fresh = operation.producer && operation.events.length > 0 ? 200 : 204
    attempt.sawClosed = status === 409 && headers["stream-closed"] === "true"
    attempt.sawGone = status === 404 || status === 410
    if (status === 200 || status === 204) {
      attempt.outcome = "ack"
      attempt.duplicate = operation.producer !== null && status === 204
      const exact = !attempt.duplicate && status === fresh
      attempt.offset = exact ? (headers["stream-next-offset"] ?? null) : null
      if (exact && attempt.offset === null) throw new WrongAnswer(this.history, `no Stream-Next-Offset for ${operation}`, answer)
      if (operation.kind !== "append") this.closed = true
      if (attempt.offset !== null) this.offsets.push(attempt.offset)
    } else if (status === 409 || status === 403 || status === 503 || attempt.sawGone) {
      attempt.outcome = "refused"
      attempt.gap = status === 409 && headers["producer-expected-seq"] !== undefined
      attempt.fenced = status === 403
      if (attempt.sawClosed) this.closed = true
      if (attempt.sawGone) this.gone = true
      if (status === 409 && !attempt.sawClosed && !attempt.gap) attempt.conflict = true
    } else {
      throw new WrongAnswer(this.history, operation.toString(), answer)
    }
  }

  /** DELETE, once. */
  async delete(client, operation) {
    this.deleting = true
    const attempt = operation.begin()
    const answer = await client.send("DELETE", this.path)
    attempt.end = moment()
    attempt.status = answer.status
    if (answer.status === 204) {
      attempt.outcome = "ack"
      this.gone = true
    } else if (answer.status === 404 || answer.status === 410) {
      attempt.outcome = "refused"
      attempt.sawGone = true
      this.gone = true
    } else {
      throw new WrongAnswer(this.history, operation.toString(), answer)
    }
  }

  /** HEAD: {tail, closed}, or null when the stream is gone. */
  async head(client) {
    const start = moment()
    const answer = await client.send("HEAD", this.path)
    if (answer.status === 404 || answer.status === 410) return this.#isGone(start, answer)
    if (answer.status !== 200) throw new WrongAnswer(this.history, "HEAD", answer)
    const next = answer.headers["stream-next-offset"]
    const closed = answer.headers["stream-closed"] === "true"
    if (next === undefined) throw new WrongAnswer(this.history, "HEAD without Stream-Next-Offset", answer)
    this.history.observe({ kind: "head", start, end: moment(), from: null, events: null, next, upToDate: true, closed })
    return { tail: next, closed }
  }

  #isGone(start, answer) {
    this.gone = true
    this.history.observe({ kind: `${answer.status}`, start, end: moment(), from: null, events: null, next: "", upToDate: false, gone: true })
    return null
  }

  placeAt(offset = null) {
    return new Place(this.format, offset)
  }

  /** One GET from a place, which it advances: {events, closed, upToDate}; null when the stream is gone. */
  async #readPage(client, place, live) {
    const query = new URLSearchParams({ offset: place.offset ?? "-1" })
    if (live) query.set("live", "long-poll")
    const start = moment()
    const answer = await client.send("GET", `${this.path}?${query}`)
    const { status, headers, body } = answer
    if (status === 404 || status === 410) return this.#isGone(start, answer)
    if (status !== 200 && !(live && status === 204)) throw new WrongAnswer(this.history, `GET from ${place.offset}`, answer)
    const next = headers["stream-next-offset"]
    if (next === undefined) throw new WrongAnswer(this.history, "GET without Stream-Next-Offset", answer)
    const closed = headers["stream-closed"] === "true"
    const upToDate = headers["stream-up-to-date"] === "true"
    if (!upToDate && next === place.offset) throw new WrongAnswer(this.history, "a read that does not get on", answer)
    if (status === 200) this.#advance(place, body, next)
    return this.#saw({ kind: live ? "long-poll" : "read", start, place, next, closed, upToDate })
  }

  #advance(place, bytes, next) {
    try {
      place.advance(bytes, next)
    } catch (error) {
      error.history = this.history
      throw error
    }
  }

  #saw({ kind, start, place, next, closed, upToDate }) {
    if (closed && place.withinEvent) throw new DamagedEvents(`${this.history.name} ends within an event`)
    const seen = { kind, start, end: moment(), ...place.take(), next, upToDate, closed }
    this.history.observe(seen)
    return seen
  }

  /** Everything from an offset (null: the beginning) to the tail: {events, next, closed}; null when the stream is gone. */
  async read(client, from = null) {
    const events = []
    const place = this.placeAt(from)
    for (;;) {
      const page = await this.#readPage(client, place, false)
      if (page === null) return null
      events.push(...(page.events ?? []))
      if (!page.upToDate) continue
      if (place.withinEvent) throw new DamagedEvents(`${this.history.name} ends within an event`)
      return { events, next: page.next, closed: page.closed }
    }
  }

  /** Follows by long-polling from a place, which it advances, until the stream ends or the connection breaks. */
  async followByLongPoll(client, place) {
    for (;;) {
      const page = await this.#readPage(client, place, place.offset !== null)
      if (page === null || page.closed) return
    }
  }

  /** The same by SSE. */
  async followBySse(client, place) {
    const query = new URLSearchParams({ offset: place.offset ?? "-1", live: "sse" })
    const asked = moment()
    const refused = (answer) => {
      if (answer.status !== 404 && answer.status !== 410) throw new WrongAnswer(this.history, `SSE from ${place.offset}`, answer)
      this.#isGone(asked, answer)
    }
    const pending = []
    for await (const { type, data } of client.events(`${this.path}?${query}`, refused)) {
      const start = moment()
      if (type === "data") {
        pending.push(data)
      } else if (type === "control") {
        const { streamNextOffset: next, streamClosed: closed = false } = JSON.parse(data)
        for (const text of pending.splice(0)) this.#advance(place, Buffer.from(text), next)
        place.offset = next
        this.#saw({ kind: "sse", start, place, next, closed, upToDate: false })
        if (closed) return
      }
    }
  }
}

function inParts(body) {
  const middle = Math.floor(body.length / 2)
  return [body.subarray(0, middle), body.subarray(middle)].filter((part) => part.length > 0)
}

