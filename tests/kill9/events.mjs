// Events whose bytes follow from their ids, so that a read can be checked byte for byte.

// Sliced anywhere; the character beyond the basic plane, which must not be split, comes at the end.
const PADDING = "abcdefghijklmnopqrstuvwxyzäöü東京 \\\"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".repeat(100)
const SPREAD = 1_000

/** An id names the stream's incarnation, the operation, the place within it and the size of the padding. */
export function eventId(incarnation, operation, index, paddingLength) {
  return `${incarnation}.${operation}.${index}.${paddingLength}`
}

export function incarnationOf(id) {
  return Number(id.slice(0, id.indexOf(".")))
}

function padding(id) {
  const length = Number(id.slice(id.lastIndexOf(".") + 1))
  let hash = 7
  for (let i = 0; i < id.length; i += 1) hash = (hash * 31 + id.charCodeAt(i)) % SPREAD
  return `${PADDING.slice(hash, hash + length)}🚀`
}

function jsonEvent(id) {
  return JSON.stringify({ id, padding: padding(id) })
}

function textEvent(id) {
  return `${id}|${padding(id)}\n`
}

export class DamagedEvents extends Error {}

/** Throws unless a piece of a stream is, byte for byte, the event that was written under its id. */
function requireSame(read, written) {
  if (read === written) return
  let place = 0
  while (place < read.length && read[place] === written[place]) place += 1
  const around = (text) => JSON.stringify(text.slice(Math.max(0, place - 20), place + 20))
  throw new DamagedEvents(`${read.slice(0, 40)}… has ${around(read)} where ${around(written)} was written`)
}

/**
 * How events are written to and read from a stream of one content type. `split` takes the events off the front of a
 * piece of the stream and returns their ids and the rest: a stream of bytes may be cut anywhere, one of JSON may not.
 */
export const formats = {
  json: {
    contentType: "application/json",

    encode(ids) {
      return ids.length === 1 ? jsonEvent(ids[0]) : `[${ids.map(jsonEvent).join(",")}]`
    },

    split(bytes) {
      const body = bytes.toString("utf8")
      let values
      try {
        values = JSON.parse(body)
      } catch {
        throw new DamagedEvents(`not JSON: ${body.slice(0, 200)}`)
      }
      const ids = values.map((value) => {
        requireSame(JSON.stringify(value), typeof value?.id === "string" ? jsonEvent(value.id) : "")
        return value.id
      })
      return { ids, rest: Buffer.alloc(0) }
    },
  },

  text: {
    contentType: "text/plain",

    encode(ids) {
      return ids.map(textEvent).join("")
    },

    split(bytes) {
      const end = bytes.lastIndexOf("\n") + 1
      const lines = bytes.toString("utf8", 0, end).split("\n").slice(0, -1)
      const ids = lines.map((line) => {
        const id = line.slice(0, line.indexOf("|"))
        requireSame(`${line}\n`, textEvent(id))
        return id
      })
      return { ids, rest: bytes.subarray(end) }
    },
  },
}

/** A reader's place in a stream, which may lie within an event; what it has read since the last whole one is kept. */
export class Place {
  #events = []
  #rest = Buffer.alloc(0)

  constructor(format, offset = null) {
    this.format = format
    this.offset = offset
    this.from = offset
  }

  /** Goes on by a piece of the stream, which ends at `next`. */
  advance(bytes, next) {
    const { ids, rest } = this.format.split(Buffer.concat([this.#rest, bytes]))
    this.#events.push(...ids)
    this.#rest = rest
    this.offset = next
  }

  /** The events since the last call, and the offset before them; nothing within an event. */
  take() {
    if (this.#rest.length > 0) return { from: null, events: null }
    const taken = { from: this.from, events: this.#events }
    this.from = this.offset
    this.#events = []
    return taken
  }

  get withinEvent() {
    return this.#rest.length > 0
  }
}
