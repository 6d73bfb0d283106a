// States next to the one that is shown, so that stepping draws at once: they come in pages and are kept for a while.

import { ask } from "./api.js"

const pageSize = 50
const maxPages = 12

export class StatePages {
  #pages = new Map()
  #key = ""

  /** Pages of another stream, lens or build are forgotten. */
  of({ stream, lens, build }) {
    const key = [stream, lens, build].join("\n")
    if (key !== this.#key) this.#pages.clear()
    this.#key = key
    this.stream = stream
    this.lens = lens
    return this
  }

  /** What the API says of a moment, if it is here. */
  at(moment) {
    const page = this.#pages.get(Math.floor(moment / pageSize))
    return page?.states?.find((state) => state.moment === moment)
  }

  /** Fetches the page of a moment. What fails is asked for again when it is needed. */
  async fetch(moment) {
    const number = Math.floor(moment / pageSize)
    if (this.#pages.has(number)) return
    const page = { states: null }
    this.#pages.set(number, page)
    if (this.#pages.size > maxPages) this.#pages.delete(this.#pages.keys().next().value)
    try {
      const { states } = await ask("states", { stream: this.stream, lens: this.lens, from: number * pageSize, count: pageSize })
      page.states = states
    } catch {
      if (this.#pages.get(number) === page) this.#pages.delete(number)
    }
  }

  /** The tail moved: the last page has more states now. */
  grown(tail) {
    this.#pages.delete(Math.floor(tail / pageSize))
    this.#pages.delete(Math.floor(tail / pageSize) + 1)
  }
}

/** The page after or before the one of `moment`, when stepping comes near it. */
export function neighbour(moment, by) {
  const ahead = moment + Math.sign(by) * Math.floor(pageSize / 3)
  return Math.floor(ahead / pageSize) === Math.floor(moment / pageSize) ? null : ahead
}
