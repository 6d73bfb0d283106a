// What spans the whole history: events over time, marks, where invariants broke, pinned numbers. All in step with the slider.

import { ask } from "./api.js"
import { el, replace } from "./dom.js"
import { density, invariantStrips, markStrip, place, sparkline } from "./strips.js"

export class HistoryStrips {
  #series = new Map()
  #turn = 0

  /** `onMoment(at)`, `onUnpin(pointer)`, `onBroken(Map from event number to names)`. */
  constructor({ onMoment, onUnpin, onBroken, onError }) {
    Object.assign(this, { onMoment, onUnpin, onBroken, onError })
    this.overTime = el("div", { class: "over" })
    this.strips = el("div", { class: "strips" })
    this.pins = el("div", { class: "pins" })
    this.names = new Map()
    this.broken = []
    this.unread = []
  }

  /** Everything anew: another stream or lens, or one that has grown. */
  async show({ stream, lens }, pins) {
    const mine = ++this.#turn
    const source = { stream, lens }
    try {
      const [outline, found, { marks }] = await Promise.all([ask("outline", source), ask("invariants", source), ask("marks", source)])
      if (mine !== this.#turn) return
      replace(this.overTime, outline.counts.length > 0 && density(outline, this.onMoment))
      replace(this.strips, markStrip(found, marks, this.onMoment), ...invariantStrips(found, this.onMoment))
      const broken = new Map()
      for (const { name, broken: ranges } of found.invariants) {
        for (const [from] of ranges) broken.set(from, [...(broken.get(from) ?? []), name])
      }
      this.names = broken
      this.unread = found.unreadable.map(({ event }) => event)
      this.broken = [...broken.keys()].sort((a, b) => a - b)
      this.onBroken(broken)
      this.#series.clear()
      await this.pin(source, pins)
    } catch (error) {
      if (mine === this.#turn) this.onError(error)
    }
  }

  /** Draws these pointers as numbers over all events. */
  async pin(source, pins) {
    const missing = pins.filter((pointer) => !this.#series.has(pointer))
    const answers = await Promise.all(missing.map((pointer) => ask("series", { ...source, pointer })))
    for (const answer of answers) this.#series.set(answer.pointer, answer)
    replace(this.pins, pins.filter((pin) => this.#series.has(pin)).map((pin) =>
      sparkline(this.#series.get(pin), this.onMoment, () => this.onUnpin(pin))))
  }

  /** The line through all strips. */
  static move(node, history, moment) {
    node.style.setProperty("--at", `${place(history, moment) * 100}%`)
  }

  /** The names of the invariants that broke at a moment, having held before. */
  brokeAt(moment) {
    return this.names.get(moment) ?? []
  }

  /** The events up to a moment that could not be decoded: what is shown lacks them. */
  unreadUpTo(moment) {
    return this.unread.filter((event) => event <= moment)
  }

  /** The nearest moment after, or before, at which an invariant broke. */
  nextBroken(moment, direction) {
    return direction > 0 ? this.broken.find((at) => at > moment) : this.broken.findLast((at) => at < moment)
  }
}
