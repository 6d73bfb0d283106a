// Judges the history of a stream by what it finally contains. Appends answer with their offset, so the order of the
// log is known and nothing has to be searched for: every rule is one pass over a sorted list.

import { abridged, History } from "./history.mjs"

/**
 * @param {History} history
 * @param final  {events, tail, closed, suffixes: [{offset, events}]} or null when the stream was deleted
 * @returns violations: [{rule, detail}], empty when the history is right
 */
export function check(history, final) {
  const checker = new Checker(history, final)
  return checker.run()
}

class Checker {
  #violations = []

  constructor(history, final) {
    this.history = history
    this.final = final
    this.operations = history.operations.filter(({ attempts }) => attempts.length > 0)
    this.appends = this.operations.filter(({ events }) => events.length > 0)
  }

  run() {
    this.#nothingAfterTheEnd()
    if (this.final) {
      this.#locate()
      this.#onlyWhatWasWritten()
      this.#eachWholeAndOnce()
      this.#realTimeOrder()
      this.#producerOrder()
      this.#offsetsFollowTheLog()
      this.#suffixes()
      this.#closure()
    }
    this.#tailNeverGoesBack()
    if (this.final) this.#readersSawTheLog()
    return this.#violations
  }

  #found(rule, detail) {
    this.#violations.push({ rule, detail })
  }

  /** Where each event is; how many events a fork took over. */
  #locate() {
    const { events } = this.final
    this.places = new Map()
    events.forEach((id, place) => {
      if (this.places.has(id)) this.#found("duplicate", `${id} is at ${this.places.get(id)} and at ${place}`)
      else this.places.set(id, place)
    })

    this.written = new Set(this.appends.flatMap((operation) => operation.events))
    this.inheritedCount = 0
    const { inherited } = this.history
    if (!inherited) return
    const begins = inherited.ids.every((id, place) => events[place] === id)
    if (!begins) this.#found("fork", `it should begin with [${abridged(inherited.ids)}] and begins with [${abridged(events)}]`)
    this.inheritedCount = inherited.ids.length
    if (!inherited.exact) {
      while (this.inheritedCount < events.length && !this.written.has(events[this.inheritedCount])) this.inheritedCount += 1
    }
  }

  #onlyWhatWasWritten() {
    this.final.events.slice(this.inheritedCount).forEach((id) => {
      if (!this.written.has(id)) this.#found("foreign", `${id} was never written to this stream`)
    })
  }

  /** Acknowledged: once. Unknown: once or not at all. Refused: not at all. All of a batch, side by side, or none. */
  #eachWholeAndOnce() {
    this.present = []
    for (const operation of this.appends) {
      const places = operation.events.map((id) => this.places.get(id))
      const there = places.filter((place) => place !== undefined).length
      if (there === 0) {
        if (operation.acked) this.#found("lost", operation.toString())
        continue
      }
      if (!operation.possible) this.#found("refused but present", operation.toString())
      const whole = places.every((place, index) => place === places[0] + index)
      if (!whole) this.#found("torn batch", `${operation} is at ${places.map((place) => place ?? "–").join(" ")}`)
      else this.present.push({ operation, place: places[0], after: places[0] + places.length })
    }
    this.present.sort((left, right) => left.place - right.place)
  }

  /** What was acknowledged before another was asked for lies before it. */
  #realTimeOrder() {
    let earliest = Infinity
    let earliestOperation = null
    for (const { operation } of this.present.toReversed()) {
      if (earliest < operation.start) {
        this.#found("reordered", `${earliestOperation}\n    was acknowledged before this was asked for, and lies behind it: ${operation}`)
      }
      if (operation.ackedAt < earliest) {
        earliest = operation.ackedAt
        earliestOperation = operation
      }
    }
  }

  /** A producer's epochs and sequence numbers rise along the log, without a gap. */
  #producerOrder() {
    const last = new Map()
    for (const { operation } of this.present) {
      if (!operation.producer) continue
      const { id, epoch, seq } = operation.producer
      const before = last.get(id) ?? { epoch: -1, seq: -1 }
      const next = epoch === before.epoch ? seq === before.seq + 1 : epoch > before.epoch && seq === 0
      if (!next) this.#found("producer order", `${id} has ${epoch}/${seq} after ${before.epoch}/${before.seq}`)
      last.set(id, { epoch, seq })
    }
  }

  /** Offsets of acknowledgements rise along the log and end at the tail or before. */
  #offsetsFollowTheLog() {
    let before = null
    for (const { operation } of this.present) {
      if (operation.offset === null) continue
      if (before && operation.offset <= before.offset) {
        this.#found("offset order", `${operation} lies behind ${before}`)
      }
      before = operation
    }
    if (before && before.offset > this.final.tail) this.#found("offset beyond the tail", `${before}; the tail is ${this.final.tail}`)
  }

  /** Reading from an acknowledged offset gives exactly what follows the append it acknowledged. */
  #suffixes() {
    const after = new Map(this.present.filter(({ operation }) => operation.offset !== null).map((found) => [found.operation.offset, found.after]))
    for (const { offset, events } of this.final.suffixes) {
      const place = after.get(offset)
      if (place === undefined) continue
      const expected = this.final.events.slice(place)
      if (!same(events, expected)) {
        this.#found("offset", `from ${offset}: [${abridged(events)}] instead of [${abridged(expected)}]`)
      }
    }
  }

  /** The first moment at which somebody was told that the stream is closed, or gone. */
  #toldAt(kinds, flag) {
    let told = Infinity
    for (const operation of this.operations) {
      if (kinds.includes(operation.kind)) told = Math.min(told, operation.ackedAt)
      for (const attempt of operation.attempts) if (attempt[flag]) told = Math.min(told, attempt.end)
    }
    return told
  }

  #possibleBefore(kinds, when) {
    return this.operations.some((operation) => kinds.includes(operation.kind) && operation.possible && operation.start < when)
  }

  /** Once closed or deleted, nothing is added; and nobody is told so before somebody asked for it. */
  #nothingAfterTheEnd() {
    const ends = [
      { what: "close", kinds: ["close", "append_close"], flag: "sawClosed", seen: "closed" },
      { what: "delete", kinds: ["delete"], flag: "sawGone", seen: "gone" },
    ]
    for (const { what, kinds, flag, seen } of ends) {
      let told = this.#toldAt(kinds, flag)
      for (const observation of this.history.observations) if (observation[seen]) told = Math.min(told, observation.end)
      if (told < Infinity && !this.#possibleBefore(kinds, told)) this.#found(`${seen} by nobody`, `somebody was told so at ${told}`)
      for (const operation of this.appends) {
        for (const attempt of operation.attempts) {
          if (attempt.outcome === "ack" && !attempt.duplicate && attempt.start > told) {
            this.#found(`append after ${what}`, `${operation}; known at ${told}`)
          }
        }
      }
      if (what === "close") this.closedAt = told
    }
  }

  #closure() {
    const { closed, events, tail } = this.final
    if (this.closedAt < Infinity && !closed) this.#found("reopened", `known to be closed at ${this.closedAt}, open in the end`)
    if (closed && !this.#possibleBefore(["close", "append_close"], Infinity)) this.#found("closed by nobody", "closed in the end")
    for (const operation of this.operations) {
      if (!operation.acked) continue
      if (operation.kind === "append_close" && events.at(-1) !== operation.events.at(-1)) {
        this.#found("append after close", `${operation}; the log ends with ${events.at(-1)}`)
      }
      if (operation.kind === "close" && operation.offset !== null && operation.offset !== tail) {
        this.#found("append after close", `${operation}; the tail is ${tail}`)
      }
    }
  }

  /** A tail that was seen, or acknowledged, is never undercut by a request sent later. */
  #tailNeverGoesBack() {
    const known = []
    for (const operation of this.operations) {
      for (const { outcome, end, offset } of operation.attempts) if (outcome === "ack" && offset !== null) known.push({ at: end, offset })
    }
    for (const { end, next } of this.history.observations) known.push({ at: end, offset: next })
    known.sort((left, right) => left.at - right.at)

    const asked = this.history.observations.filter(({ upToDate }) => upToDate)
    if (this.final) asked.push({ kind: "the end", start: Infinity, next: this.final.tail })
    asked.sort((left, right) => left.start - right.start)

    let index = 0
    let highest = null
    for (const observation of asked) {
      for (; index < known.length && known[index].at < observation.start; index += 1) {
        if (!highest || known[index].offset > highest.offset) highest = known[index]
      }
      if (highest && observation.next < highest.offset) {
        this.#found("tail went back", `${observation.kind} at ${observation.start} says ${observation.next}; ${highest.offset} was known at ${highest.at}`)
      }
    }
  }

  /** What a reader saw is in the log, from where it read, without gap or repeat; so it was durable when it was seen. */
  #readersSawTheLog() {
    const placeOf = new Map()
    for (const { operation, after } of this.present) if (operation.offset !== null) placeOf.set(operation.offset, after)

    const observations = this.history.observations.toSorted((left, right) => left.end - right.end)
    for (const { kind, start, from, events, next } of observations) {
      if (!events) continue
      let place = from === null ? 0 : placeOf.get(from)
      if (place === undefined) place = events.length > 0 ? this.places.get(events[0]) : undefined
      if (place === undefined) {
        if (events.length > 0) this.#found("a reader saw what is not there", `${kind} at ${start}: ${events[0]}`)
        continue
      }
      const log = this.final.events.slice(place, place + events.length)
      if (!same(events, log)) {
        this.#found("a reader saw something else", `${kind} at ${start} from ${from ?? "the beginning"}: [${difference(events, log)}]`)
        continue
      }
      const after = placeOf.get(next)
      if (after !== undefined && after !== place + events.length) {
        this.#found("offset", `${kind} at ${start} ended at ${next}, place ${place + events.length}; that offset is place ${after}`)
      }
      placeOf.set(next, place + events.length)
    }
  }
}

function same(left, right) {
  return left.length === right.length && left.every((id, index) => id === right[index])
}

function difference(seen, log) {
  const index = seen.findIndex((id, place) => id !== log[place])
  return `event ${index} of ${seen.length} is ${seen[index]}, in the log it is ${log[index] ?? "absent"}`
}
