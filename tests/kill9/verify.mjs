import { check } from "./checker.mjs"
import { DamagedEvents } from "./events.mjs"
import { WrongAnswer } from "./stream.mjs"

const OFFSETS_READ = 4

/** Reads a stream that nobody writes to and judges its history: [{rule, detail}]. */
export async function verifyStream(client, stream, random) {
  try {
    const log = await stream.read(client)
    if (log === null) return check(stream.history, null)
    const head = await stream.head(client)
    const suffixes = []
    for (let i = 0; i < OFFSETS_READ && stream.offsets.length > 0; i += 1) {
      const offset = random.pick(stream.offsets)
      const { events } = await stream.read(client, offset)
      suffixes.push({ offset, events })
    }
    const violations = check(stream.history, { events: log.events, tail: log.next, closed: log.closed, suffixes })
    if (head.tail !== log.next || head.closed !== log.closed) {
      violations.push({ rule: "HEAD and GET differ", detail: `${head.tail} ${head.closed}, ${log.next} ${log.closed}` })
    }
    return violations
  } catch (error) {
    if (error instanceof DamagedEvents) return [{ rule: "damaged", detail: error.message }]
    if (error instanceof WrongAnswer) return [{ rule: "wrong answer", detail: error.message }]
    throw error
  }
}

/** A deleted stream stays deleted: 404, or 410 while forks may share its data. */
export async function verifyDeleted(client, stream) {
  const violations = check(stream.history, null)
  for (const method of ["HEAD", "GET"]) {
    const { status } = await client.send(method, stream.path)
    const gone = status === 404 || (status === 410 && stream.everForked)
    if (!gone) violations.push({ rule: "deleted stream came back", detail: `${method} says ${status}` })
  }
  return violations
}
