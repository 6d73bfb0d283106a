// What the workers of one subscription have processed: they read the events themselves, and note them before they say so.

import { ask } from "./http.mjs"

export class Handled {
  /** stream → the greatest offset up to which events were processed; and the events. */
  offsets = new Map()
  events = new Set()

  constructor(name) {
    this.name = name
  }

  /** Reads and processes what a wake is about. False when the server died meanwhile. */
  async process(port, wake) {
    for (const { path, acked_offset: from, tail_offset: to } of wake.streams) {
      const begin = /_0+$/.test(from) ? "-1" : from
      const answer = await ask(port, "GET", `${path}?offset=${begin}`)
      if (answer?.status !== 200) return false
      for (const { id } of answer.body) this.events.add(id)
      const read = answer.headers["stream-next-offset"]
      if (read < to) throw new Error(`${this.name}: ${path} has ${read}, and the wake said ${to}`)
      if (read > (this.offsets.get(path) ?? "")) this.offsets.set(path, read)
    }
    return true
  }

  /** What a server says is acknowledged must have been processed. */
  problems(subscription) {
    return subscription.streams
      .filter(({ path, acked_offset: acked }) => !/_0+$/.test(acked) && acked > (this.offsets.get(path) ?? ""))
      .map(({ path, acked_offset: acked }) => `${this.name}: ${path} is acknowledged up to ${acked}, processed up to ${this.offsets.get(path)}`)
  }
}
