// Everything that goes on at once while the server is killed: writers of each kind, closers, deleters, forks, readers.

import { setTimeout as pause } from "node:timers/promises"
import { NoAnswer } from "./client.mjs"
import { History } from "./history.mjs"
import { Producer } from "./producer.mjs"
import { Stream, WrongAnswer } from "./stream.mjs"

const MAX_ACTIVE = 8
const ROUNDS_PER_STREAM = 5

/** A stream with those who write to it, over several lives of the server. */
class Resident {
  roundsLeft = ROUNDS_PER_STREAM

  constructor(stream) {
    this.stream = stream
    this.producers = [new Producer("producer-1", stream), new Producer("producer-2", stream)]
    this.sequenced = { next: 1, operation: null }
    this.places = { longPoll: stream.placeAt(), sse: stream.placeAt() }
    this.pendingClose = null
    this.pendingDelete = null
  }
}

export class Workload {
  /** Residents that are written to and verified in every round. */
  active = []
  /** Streams that nobody writes to any more; their histories are judged again before the data goes. */
  retired = []
  /** Streams whose deletion was acknowledged; their names must stay free, or taken by the successor only. */
  deleted = []
  #unborn = []
  #incarnations = 0
  #names = 0

  constructor(random) {
    this.random = random
  }

  // ---- creation -----------------------------------------------------------------------------------------------

  #history(name, format, inherited = null) {
    this.#incarnations += 1
    return new History({ incarnation: this.#incarnations, name, format, inherited })
  }

  #newName() {
    this.#names += 1
    return `orders/o-${this.#names}`
  }

  #settleIn(stream) {
    const resident = new Resident(stream)
    this.active.push(resident)
    return resident
  }

  /** PUT until it is known to be there. Throws NoAnswer, and `resolve` goes on from there. */
  async create(client, name = this.#newName(), format = this.random.chance(0.7) ? "json" : "text") {
    const stream = new Stream(this.#history(name, format))
    const birth = { stream, born: false }
    this.#unborn.push(birth)
    return this.#bear(client, birth)
  }

  async #bear(client, birth) {
    const { stream, fork } = birth
    const headers = { "content-type": stream.format.contentType, ...fork?.headers }
    const answer = await client.send("PUT", stream.path, { headers })
    this.#unborn.splice(this.#unborn.indexOf(birth), 1)
    if (answer.status === 200 || answer.status === 201) return this.#settleIn(stream)
    // The source of a fork may have been deleted in between, and the answer to that may come after this one.
    if (fork?.source.deleting && [404, 409, 410].includes(answer.status)) return null
    throw new WrongAnswer(stream.history, "PUT", answer)
  }

  /** Forks at the tail that was read, at an older acknowledged offset, or wherever the tail is by then. */
  async fork(client, source) {
    const log = await source.read(client)
    if (log === null) return null
    source.everForked = true
    let { next: offset, events: ids } = log
    const way = this.random.pick(["read", "earlier", "tail"])
    if (way === "earlier") {
      const earlier = this.random.pick([...source.history.operations.filter(({ offset: known }) => known !== null), null])
      const place = earlier ? ids.indexOf(earlier.events.at(-1)) : -1
      if (place >= 0) {
        offset = earlier.offset
        ids = ids.slice(0, place + 1)
      }
    }
    const headers = { "stream-forked-from": source.path }
    if (way !== "tail") headers["stream-fork-offset"] = offset
    const stream = new Stream(this.#history(this.#newName(), source.history.format, { ids, exact: way !== "tail" }))
    const birth = { stream, fork: { headers, source } }
    this.#unborn.push(birth)
    return this.#bear(client, birth)
  }

  // ---- what goes on at once -----------------------------------------------------------------------------------

  /** Runs until the server dies or `round.over`. `round.killing` tells that broken connections are to be expected. */
  async run(client, round) {
    const { random } = this
    const actors = []
    const start = (act) => actors.push(this.#until(round, act))

    for (const resident of this.active) this.#startResident(client, resident, start)
    start(async () => {
      const resident = await this.create(client)
      if (resident) this.#startResident(client, resident, start)
      return false
    })
    if (random.chance(0.6) && this.active.length > 0) {
      const { stream } = random.pick(this.active)
      start(async () => {
        const resident = stream.gone ? null : await this.fork(client, stream)
        if (resident) this.#startResident(client, resident, start)
        return false
      })
    }
    this.#sometime(0.5, start, (resident) => this.#close(client, resident))
    this.#sometime(0.5, start, (resident) => this.#delete(client, resident))

    // Actors start actors.
    for (let done = 0; done < actors.length; done += 1) await actors[done]
  }

  async #until(round, act) {
    try {
      while (!round.over && (await act()) !== false);
    } catch (error) {
      if (!(error instanceof NoAnswer)) round.failures.push(error)
      else if (!round.killing) round.failures.push(new Error(`a connection broke although nobody killed the server: ${error.message}`))
    }
  }

  #sometime(probability, start, act) {
    const { random } = this
    if (!random.chance(probability) || this.active.length === 0) return
    const resident = random.pick(this.active)
    const delay = random.integer(0, 120)
    start(async () => {
      await pause(delay)
      if (resident.stream.usable) await act(resident)
      return false
    })
  }

  #startResident(client, resident, start) {
    const { random } = this
    const { stream } = resident
    if (stream.gone) return
    if (!stream.closed) {
      for (const producer of resident.producers) {
        if (random.chance(0.7)) start(() => stream.usable && this.#produce(client, producer))
      }
      if (random.chance(0.8)) start(() => stream.usable && this.#append(client, stream))
      if (random.chance(0.4)) start(() => stream.usable && this.#appendSequenced(client, resident))
    }
    if (random.chance(0.5)) start(() => !stream.gone && this.#look(client, stream))
    if (random.chance(0.3)) start(async () => {
      await stream.followByLongPoll(client, resident.places.longPoll)
      return false
    })
    if (random.chance(0.3)) start(async () => {
      await stream.followBySse(client, resident.places.sse)
      return !stream.closed && !stream.gone
    })
  }

  #batch(stream) {
    const { random } = this
    const small = (dice) => dice.integer(0, 150)
    const kind = random.real()
    if (kind < 0.6) return stream.newEvents(random, 1, small)
    if (kind < 0.95) return stream.newEvents(random, random.integer(2, 30), small)
    return stream.newEvents(random, random.integer(50, 200), (dice) => dice.integer(200, 2_000))
  }

  async #produce(client, producer) {
    const { random } = this
    const closing = random.chance(0.01)
    const count = random.chance(0.2) ? random.integer(2, 4) : 1
    for (let made = 0; made < count; made += 1) producer.enqueue(closing ? "append_close" : "append", this.#batch(producer.stream))
    if (closing && count > 1) for (const operation of producer.unsettled.slice(-count, -1)) operation.kind = "append"
    await producer.settle(client, { width: count, copies: random.chance(0.15) ? 2 : 1, chunked: random.chance(0.1) })
  }

  async #append(client, stream) {
    const closing = this.random.chance(0.01)
    const operation = stream.history.operation(closing ? "append_close" : "append", { events: this.#batch(stream) })
    await stream.post(client, operation, { chunked: this.random.chance(0.1) })
  }

  /** The only writer with Stream-Seq on its stream, so a conflict on the second try says that the first was carried out. */
  async #appendSequenced(client, { stream, sequenced }) {
    sequenced.operation ??= stream.history.operation("append", { events: this.#batch(stream) })
    const { operation } = sequenced
    const attempt = await stream.post(client, operation, { streamSeq: String(sequenced.next).padStart(10, "0") })
    if (attempt.conflict) {
      const before = operation.attempts.slice(0, -1)
      if (!before.some(({ outcome }) => outcome === "unknown")) throw new Error(`Stream-Seq ${sequenced.next} was refused at first sight: ${operation}`)
      attempt.outcome = "ack"
      attempt.duplicate = true
    }
    if (attempt.status === 503) return
    sequenced.operation = null
    sequenced.next += 1
  }

  async #look(client, stream) {
    const { random } = this
    if (random.chance(0.5)) await stream.head(client)
    else await stream.read(client, random.chance(0.2) || stream.offsets.length === 0 ? null : random.pick(stream.offsets.slice(-20)))
    await pause(1)
  }

  async #close(client, resident) {
    resident.pendingClose ??= resident.stream.history.operation("close")
    await resident.stream.post(client, resident.pendingClose)
    resident.pendingClose = null
  }

  async #delete(client, resident) {
    resident.pendingDelete ??= resident.stream.history.operation("delete")
    await resident.stream.delete(client, resident.pendingDelete)
    resident.pendingDelete = null
  }

  // ---- after the crash ----------------------------------------------------------------------------------------

  /** Finds out, against a quiet server, what became of everything that had no answer. */
  async resolve(client) {
    const { random } = this
    for (const birth of [...this.#unborn]) {
      const answer = await client.send("HEAD", birth.stream.path)
      if (answer.status === 200) {
        this.#unborn.splice(this.#unborn.indexOf(birth), 1)
        this.#settleIn(birth.stream)
      } else if (birth.fork?.source.gone) {
        this.#unborn.splice(this.#unborn.indexOf(birth), 1)
      } else {
        await this.#bear(client, birth)
      }
    }
    for (const resident of [...this.active]) await this.#resolveResident(client, resident)
    if (random.chance(0.5)) await this.#recreateOne(client)
  }

  async #resolveResident(client, resident) {
    const { random } = this
    const { stream, producers, sequenced } = resident
    if (resident.pendingDelete) {
      // A 404 now says that the deletion without an answer was carried out.
      await this.#delete(client, resident)
    }
    if (resident.pendingClose && !stream.gone) await this.#close(client, resident)
    for (const producer of producers) {
      if (producer.unsettled.length > 0 && random.chance(0.1)) await this.#fence(client, producer)
      else if (stream.gone) producer.unsettled = []
      else await producer.settle(client)
    }
    if (sequenced.operation && stream.usable) await this.#appendSequenced(client, resident)
  }

  /** A new epoch instead of an answer; what the old one still sends is refused from then on. */
  async #fence(client, producer) {
    const { stream } = producer
    const stale = { epoch: producer.epoch, seq: producer.nextSeq }
    producer.startNewEpoch()
    if (!stream.usable) return
    producer.enqueue("append", this.#batch(stream))
    await producer.settle(client)
    if (!stream.usable) return
    const zombie = stream.history.operation("append", {
      events: this.#batch(stream),
      producer: { id: producer.id, ...stale },
    })
    const attempt = await stream.post(client, zombie)
    if (stream.usable && !attempt.fenced) throw new Error(`an old epoch was not fenced off: ${zombie}`)
  }

  /** A new stream under the name of a deleted one: it must have nothing of its predecessor. */
  async #recreateOne(client) {
    const index = this.deleted.findIndex((stream) => !stream.everForked && stream.history.inherited === null)
    if (index < 0) return
    const [predecessor] = this.deleted.splice(index, 1)
    await this.create(client, predecessor.history.name, predecessor.history.format)
  }

  /** Moves out what is deleted, and what has been there long enough. */
  makeRoom() {
    for (const resident of [...this.active]) {
      resident.roundsLeft -= 1
      const leaving = resident.stream.gone ? this.deleted : resident.roundsLeft <= 0 ? this.retired : null
      if (leaving === null && this.active.length <= MAX_ACTIVE) continue
      this.active.splice(this.active.indexOf(resident), 1)
      ;(leaving ?? this.retired).push(resident.stream)
    }
  }

  get streams() {
    return this.active.map(({ stream }) => stream)
  }

  /** How often each thing happened: a check that sees nothing happen proves nothing. */
  get counts() {
    const counts = {}
    const count = (what) => {
      counts[what] = (counts[what] ?? 0) + 1
    }
    for (const { history } of [...this.streams, ...this.retired, ...this.deleted]) {
      if (history.inherited) count("fork")
      for (const operation of history.operations) {
        if (operation.attempts.length === 0) continue
        if (!operation.acked) count(operation.possible ? "without an answer" : "refused")
        else count(operation.kind)
        if (operation.attempts[0].outcome === "unknown" && operation.acked) count("settled after a kill")
        if (operation.attempts.some(({ duplicate }) => duplicate)) count("duplicate recognised")
      }
      for (const { kind, events } of history.observations) if (events === null || events.length > 0) count(kind)
    }
    return counts
  }
}
