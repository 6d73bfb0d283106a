// Events whose bytes follow from their ids, so that a read can be checked byte for byte.

const PADDING = "abcdefghijklmnopqrstuvwxyzäöü東京🚀 \\\"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
const characters = [...PADDING]

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
  for (let i = 0; i < id.length; i += 1) hash = (hash * 31 + id.charCodeAt(i)) % 65_521
  let text = ""
  for (let i = 0; i < length; i += 1) text += characters[(hash + i * 13) % characters.length]
  return text
}

function jsonEvent(id) {
  return JSON.stringify({ id, padding: padding(id) })
}

function textEvent(id) {
  return `${id}|${padding(id)}\n`
}

export class DamagedEvents extends Error {}

/** How events are written to and read from a stream of one content type. */
export const formats = {
  json: {
    contentType: "application/json",

    encode(ids) {
      return ids.length === 1 ? jsonEvent(ids[0]) : `[${ids.map(jsonEvent).join(",")}]`
    },

    decode(body) {
      let values
      try {
        values = JSON.parse(body)
      } catch {
        throw new DamagedEvents(`not JSON: ${body.slice(0, 200)}`)
      }
      return values.map((value) => {
        const written = typeof value?.id === "string" ? jsonEvent(value.id) : null
        if (JSON.stringify(value) !== written) throw new DamagedEvents(`not an event: ${JSON.stringify(value).slice(0, 200)}`)
        return value.id
      })
    },
  },

  text: {
    contentType: "text/plain",

    encode(ids) {
      return ids.map(textEvent).join("")
    },

    decode(body) {
      if (body === "") return []
      if (!body.endsWith("\n")) throw new DamagedEvents(`the last event is cut off: …${body.slice(-200)}`)
      return body.slice(0, -1).split("\n").map((line) => {
        const id = line.slice(0, line.indexOf("|"))
        if (`${line}\n` !== textEvent(id)) throw new DamagedEvents(`not an event: ${line.slice(0, 200)}`)
        return id
      })
    },
  },
}
