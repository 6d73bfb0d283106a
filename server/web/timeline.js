// The list of events: only the rows that can be seen exist, the rest is fetched when scrolled to.

import { ask } from "./api.js"
import { clock, dayAndTime, el, redraw, stranger } from "./dom.js"

const rowHeight = 34
const pageSize = 200
const maxPages = 50

export class EventList {
  #pages = new Map()
  #source = null
  #selected = null
  #broken = new Map()
  #edits = new Map()
  #drawn = 0

  constructor({ onSelect, onEdit, onError }) {
    this.onSelect = onSelect
    this.onEdit = onEdit
    this.onError = onError
    this.rows = el("div", { class: "rows" })
    this.space = el("div", { class: "space" }, this.rows)
    this.node = el("div", { class: "events", tabindex: "0", role: "listbox", "aria-label": "events" }, this.space)
    this.node.addEventListener("scroll", () => this.#draw(), { passive: true })
    new ResizeObserver(() => this.#draw()).observe(this.node)
  }

  /** `{stream, lens, first, tail}`; pages of another stream or lens are forgotten. */
  show(source) {
    const same = this.#source && ["stream", "lens", "first"].every((key) => this.#source[key] === source[key])
    if (!same) this.#pages.clear()
    else if (this.#source.tail !== source.tail) this.#pages.delete(this.#pageOf(this.#source.tail + 1))
    if (!same) this.node.scrollTop = 0
    this.#source = source
    this.space.style.height = `${(source.tail - source.first) * rowHeight}px`
    this.#draw()
  }

  select(number) {
    this.#selected = number
    const top = (number - 1 - this.#source.first) * rowHeight
    const { scrollTop, clientHeight } = this.node
    if (top < scrollTop + rowHeight || top > scrollTop + clientHeight - 2 * rowHeight) {
      this.node.scrollTop = Math.max(0, top - clientHeight / 2)
    }
    this.#draw()
  }

  /** `broken`: Map from event number to the names of what broke there. `edits`: Map from number to "skip" or "replace". */
  mark({ broken = this.#broken, edits = this.#edits }) {
    this.#broken = broken
    this.#edits = edits
    this.#draw()
  }

  #pageOf(number) {
    return Math.floor((number - 1 - this.#source.first) / pageSize)
  }

  #event(number) {
    const page = this.#pageOf(number)
    const known = this.#pages.get(page)
    if (known) return known.events?.[number - 1 - this.#source.first - page * pageSize]
    const source = this.#source
    const entry = { events: null }
    this.#pages.set(page, entry)
    if (this.#pages.size > maxPages) this.#pages.delete(this.#pages.keys().next().value)
    ask("events", {
      stream: source.stream, lens: source.lens, brief: 1, from: source.first + page * pageSize + 1, count: pageSize,
    }).then((answer) => {
      entry.events = answer.page
      if (this.#pages.get(page) === entry) this.#draw()
    }, (error) => {
      this.#pages.delete(page)
      this.onError(error)
    })
    return undefined
  }

  #row(number) {
    const event = this.#event(number)
    const broke = this.#broken.get(number)
    const edit = this.#edits.get(number)
    const classes = ["event", number === this.#selected ? "selected" : "", broke ? "broke" : "",
      event?.problem ? "unreadable" : "", edit ?? ""]
    const row = el("div", {
      class: classes.filter(Boolean).join(" "), role: "option", "aria-selected": String(number === this.#selected),
      "data-number": String(number), onclick: () => this.onSelect(number),
    }, el("span", { class: "number" }, number.toLocaleString("en")))
    if (event) {
      row.append(
        el("span", { class: "what" }, stranger(event.type || "(no type)", { class: "type" }), " ",
          stranger(event.problem ? `not decoded: ${event.problem}` : event.summary, { class: "summary" })),
        broke ? el("span", { class: "flag", title: broke.join(", ") }, "!") : "",
        el("time", { title: clock(event.committed_at, { date: true }) }, dayAndTime(event.committed_at)),
      )
    }
    row.append(el("button", {
      type: "button", class: "skip", title: "what if this event had not happened?", "aria-pressed": String(edit === "skip"),
      onclick: (click) => { click.stopPropagation(); this.onEdit(number) },
    }, "⊘"))
    row.style.top = `${(number - 1 - this.#source.first) * rowHeight}px`
    return row
  }

  #draw() {
    cancelAnimationFrame(this.#drawn)
    this.#drawn = requestAnimationFrame(() => {
      if (!this.#source) return
      const { first, tail } = this.#source
      const from = first + 1 + Math.max(0, Math.floor(this.node.scrollTop / rowHeight) - 5)
      const to = Math.min(tail, from + Math.ceil(this.node.clientHeight / rowHeight) + 10)
      const rows = []
      for (let number = from; number <= to; ++number) rows.push(this.#row(number))
      redraw(this.rows, () => this.rows.replaceChildren(...rows))
    })
  }
}
