// What was asked of a stream and what was answered, in the order in which it happened.

let now = 0

/** A moment: later calls give greater numbers. An answer at 5 came before a request at 6 was sent. */
export function moment() {
  now += 1
  return now
}

/**
 * One request for a change, sent once or more often.
 *   kind      append | close | append_close | delete
 *   events    ids in order; empty where there is no body
 *   producer  {id, epoch, seq} or null
 *   attempts  {start, end, outcome, offset, duplicate, sawClosed, sawGone}
 *     outcome   ack      the change is durable (by this attempt or an earlier one)
 *               refused  this attempt changed nothing
 *               unknown  no answer arrived
 *     offset    the tail after the change; null where the answer did not say
 */
export class Operation {
  attempts = []

  constructor(kind, { events = [], producer = null } = {}) {
    this.kind = kind
    this.events = events
    this.producer = producer
  }

  begin() {
    const attempt = { start: moment(), end: null, outcome: "unknown", offset: null, duplicate: false, sawClosed: false, sawGone: false }
    this.attempts.push(attempt)
    return attempt
  }

  get acked() {
    return this.attempts.some((attempt) => attempt.outcome === "ack")
  }

  /** Whether it may have happened. */
  get possible() {
    return this.attempts.some((attempt) => attempt.outcome !== "refused")
  }

  get start() {
    return this.attempts[0].start
  }

  /** When its success was first known. */
  get ackedAt() {
    let first = Infinity
    for (const { outcome, end } of this.attempts) if (outcome === "ack" && end < first) first = end
    return first
  }

  /** The tail it was answered with when it was carried out; null if only duplicates were acknowledged. */
  get offset() {
    return this.attempts.find(({ outcome, duplicate }) => outcome === "ack" && !duplicate)?.offset ?? null
  }

  toString() {
    const producer = this.producer ? ` ${this.producer.id}/${this.producer.epoch}/${this.producer.seq}` : ""
    const tries = this.attempts.map(({ start, end, outcome, offset, duplicate, status, sawClosed }) =>
      `${start}–${end ?? "…"} ${outcome}${duplicate ? " (duplicate)" : ""}${sawClosed ? " (closed)" : ""} ${status ?? ""} ${offset ?? ""}`.trimEnd())
    return `${this.kind}${producer} [${abridged(this.events)}]: ${tries.join("; ")}`
  }
}

export function abridged(ids, shown = 6) {
  return ids.length <= shown ? ids.join(" ") : `${ids.slice(0, shown).join(" ")} … ${ids.length} in all`
}

/**
 * The life of one stream, from creation to deletion; a namesake created afterwards has a history of its own.
 *   inherited  for a fork: {ids, exact}. The fork begins with `ids`, and if `exact`, with nothing else of its source.
 *   observations  {kind, start, end, from, events, next, upToDate, closed}
 *     from        the offset read from; null for the beginning. `events` is null where only the tail was asked for
 *     upToDate    the answer claims that `next` was the tail
 */
export class History {
  operations = []
  observations = []

  constructor({ incarnation, name, format, inherited = null }) {
    this.incarnation = incarnation
    this.name = name
    this.format = format
    this.inherited = inherited
  }

  operation(kind, details) {
    const operation = new Operation(kind, details)
    this.operations.push(operation)
    return operation
  }

  observe(observation) {
    this.observations.push(observation)
  }

  toString() {
    const lines = [`stream ${this.name} (incarnation ${this.incarnation}, ${this.format})`]
    if (this.inherited) lines.push(`  forked with [${abridged(this.inherited.ids)}]${this.inherited.exact ? "" : " at least"}`)
    const entries = [
      ...this.operations.filter(({ attempts }) => attempts.length > 0).map((operation) => [operation.start, operation.toString()]),
      ...this.observations.map((seen) => [
        seen.start,
        `${seen.kind} ${seen.start}–${seen.end} from ${seen.from ?? "the beginning"} to ${seen.next}` +
          `${seen.upToDate ? " up to date" : ""}${seen.closed ? " closed" : ""}${seen.events ? ` [${abridged(seen.events)}]` : ""}`,
      ]),
    ]
    entries.sort(([left], [right]) => left - right)
    return [...lines, ...entries.map(([, line]) => `  ${line}`)].join("\n")
  }
}
