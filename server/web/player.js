// Playing the events one after the other.

import { el, icon, replace } from "./dom.js"

const speeds = [3, 10, 30]

export class Player {
  #timer = 0
  #speed = 0

  /** `onStep()` takes a step and is false at the tail; `onBegin()` prepares for playing. */
  constructor({ onBegin, onStep }) {
    Object.assign(this, { onBegin, onStep })
    this.button = el("button", { type: "button", title: "play (space)", "aria-label": "play", onclick: () => this.toggle() }, icon("play"))
    this.speedButton = el("button", { type: "button", class: "speed", title: "events a second", onclick: () => this.#faster() }, `${speeds[0]}/s`)
  }

  toggle() {
    if (this.#timer) this.#stop()
    else {
      this.onBegin()
      this.#start()
    }
  }

  #start() {
    this.#timer = setInterval(() => this.onStep() || this.#stop(), 1000 / speeds[this.#speed])
    replace(this.button, icon("stop"))
  }

  #stop() {
    clearInterval(this.#timer)
    this.#timer = 0
    replace(this.button, icon("play"))
  }

  #faster() {
    this.#speed = (this.#speed + 1) % speeds.length
    this.speedButton.textContent = `${speeds[this.#speed]}/s`
    if (!this.#timer) return
    this.#stop()
    this.#start()
  }
}
