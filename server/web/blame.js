// Which event set a field: of all fields when asked by key, of one field when it is pointed at.

import { ask } from "./api.js"
import { blameButton } from "./json_view.js"

const pause = 120
/** Blame folds everything up to the moment: what is longer must be asked for. */
const mostByPointing = 20_000

export class Blame {
  #moment = null
  #fields = null
  #pointed = 0

  /** `now()`: {stream, lens, moment}. `onEvent(number)`. */
  constructor(panel, { now, onEvent, onError }) {
    Object.assign(this, { panel, now, onEvent, onError, isShown: false })
    panel.addEventListener("mouseover", (event) => this.#pointAt(event.target.closest(".row[data-pointer]")))
  }

  /** Another moment is shown: what was known is forgotten. */
  moved({ stream, lens, moment }) {
    const key = [stream, lens, moment].join("\n")
    if (key === this.#moment) return
    this.#moment = key
    this.#fields = null
    this.isShown = false
  }

  /** Map from pointer to {event, type}, when all are to be shown. */
  get shown() {
    return this.isShown ? this.#fields : null
  }

  /** Whether something changed. */
  async toggle() {
    if (!(await this.#known())) return false
    this.isShown = !this.isShown
    return true
  }

  async #known() {
    if (this.#fields) return true
    const key = this.#moment
    const { stream, lens, moment } = this.now()
    try {
      const { fields } = await ask("blame", { stream, lens, at: moment })
      if (key === this.#moment) this.#fields = new Map(fields.map((one) => [one.pointer, one]))
    } catch (error) {
      this.onError(error)
    }
    return key === this.#moment && this.#fields !== null
  }

  #pointAt(row) {
    clearTimeout(this.#pointed)
    if (!row || this.isShown || row.querySelector(".blame") || this.now().moment > mostByPointing) return
    this.#pointed = setTimeout(async () => {
      if (!(await this.#known()) || !row.isConnected || row.querySelector(".blame")) return
      const found = this.#fields.get(row.dataset.pointer)
      for (const old of this.panel.querySelectorAll(".blame.pointed")) old.remove()
      if (!found || found.event === null) return
      const button = blameButton(found, this.onEvent)
      button.classList.add("pointed")
      row.append(button)
    }, pause)
  }
}
