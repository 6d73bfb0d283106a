// Edits in memory, and both histories side by side.

import { askWhatIf } from "./api.js"
import { clock, count, el, replace, stranger } from "./dom.js"
import { changeList, invariantList } from "./panels.js"
import { jsonView } from "./json_view.js"

export class WhatIf {
  #edits = []
  #source = null

  constructor({ onChange, onStream, identityOf, forkPrefix, readOnly }) {
    this.onChange = onChange
    this.onStream = onStream
    this.identityOf = identityOf
    this.forkPrefix = forkPrefix
    this.readOnly = readOnly
    this.bar = el("div", { class: "what-if-bar", hidden: true })
    this.node = el("section", { class: "what-if", hidden: true, "aria-label": "what if" })
  }

  show(source) {
    if (this.#source && (this.#source.stream !== source.stream || this.#source.lens !== source.lens)) this.discard()
    this.#source = source
  }

  /** Map from event number to how it is marked. */
  get marks() {
    return new Map(this.#edits.filter((one) => !one.insert_before).map((one) => [one.skip ?? one.replace, one.skip ? "skip" : "replace"]))
  }

  toggleSkip(number) {
    const had = this.#edits.some((one) => one.skip === number)
    this.#edits = this.#edits.filter((one) => one.skip !== number && one.replace !== number)
    if (!had) this.#edits.push({ skip: number })
    this.#changed()
  }

  /** Without this event, beside what happened. */
  skip(number) {
    if (this.marks.get(number) !== "skip") this.toggleSkip(number)
    this.compare()
  }

  replace(number, event) {
    this.#edits = this.#edits.filter((one) => one.skip !== number && one.replace !== number)
    this.#edits.push({ replace: number, event })
    this.#changed()
    this.compare()
  }

  insert(number, event) {
    this.#edits.push({ insert_before: number, event })
    this.#changed()
    this.compare()
  }

  discard() {
    this.#edits = []
    this.node.hidden = true
    this.#changed()
  }

  #changed() {
    const of = (key) => this.#edits.filter((one) => one[key] !== undefined).length
    const parts = [[of("skip"), "skipped"], [of("replace"), "edited"], [of("insert_before"), "inserted"]]
      .filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`)
    this.bar.hidden = parts.length === 0
    replace(this.bar, el("strong", null, "What if "), el("span", null, parts.join(", ")),
      el("button", { type: "button", class: "primary", onclick: () => this.compare() }, "Compare"),
      el("button", { type: "button", onclick: () => this.discard() }, "Discard"))
    if (parts.length === 0) this.node.hidden = true
    this.onChange()
  }

  async compare(save = null) {
    if (this.#edits.length === 0) return
    this.node.hidden = false
    try {
      const answer = await askWhatIf({ ...this.#source, edits: this.#edits, ...(save ? { save_as: save } : {}) })
      this.#draw(answer)
    } catch (error) {
      const problem = el("p", { class: "problem", role: "alert" }, stranger(error.message))
      if (this.node.childElementCount > 0) this.node.querySelector(".save")?.append(problem)
      else replace(this.node, problem)
    }
    this.node.scrollIntoView({ block: "start" })
  }

  #draw(answer) {
    const side = (title, one, changes) => el("div", { class: "side" }, el("h3", null, title, el("span", { class: "quiet" }, ` after ${count(one.tail, "event")}`)),
      invariantList(one.invariants), one.reports.filter(({ first }) => first !== null).map(({ name, first }) =>
        el("p", { class: "problem" }, stranger(name), ` broke at event ${first}`)), jsonView(one.state, { changes, identity: this.identityOf(answer.lens.name) }))
    const cell = (event, empty) => event === null ? el("td", { class: "quiet" }, empty)
      : el("td", null, `${event.number} `, stranger(event.type || "(no type)"), event.problem ? " (not decoded)" : "")
    const unread = answer.rows.filter(({ kind, what_if }) => kind !== "same" && what_if?.problem).map(({ what_if }) =>
      el("p", { class: "problem", role: "alert" }, `Event ${what_if.number} of the what-if is not decoded, so it changes nothing: `, stranger(what_if.problem)))
    const name = el("input", {
      "aria-label": "name of the fork", value: `${this.forkPrefix}${answer.stream.startsWith(this.forkPrefix) ? answer.stream.slice(this.forkPrefix.length) : answer.stream}-what-if`,
    })
    const saving = this.readOnly ? null : el("form", {
      class: "save", onsubmit: (event) => { event.preventDefault(); this.compare(name.value.trim()) },
    }, name, el("button", null, "Save as fork"))
    const saved = answer.saved && el("p", { class: "saved", role: "status" }, "Saved for ", String(Math.round(answer.saved.ttl_seconds / 60)), " min: ",
      el("button", { type: "button", onclick: () => this.onStream(answer.saved.stream) }, stranger(answer.saved.stream)), " ",
      el("a", { href: answer.saved.url }, "as a stream"))
    replace(this.node,
      el("header", null, el("h2", null, "What if"), el("span", { class: "quiet" },
        `shares the first ${count(answer.fork_point, "event")}; ${answer.saved ? "written as a fork" : "nothing is written"}`)),
      unread, el("h3", null, "What is different in the end"), changeList(answer.changes),
      el("div", { class: "sides" }, side("as it happened", answer.real, []), side("what if", answer.what_if, answer.changes)),
      el("details", null, el("summary", null, "Both histories"), el("table", { class: "histories" }, el("tbody", null,
        answer.rows.map((row) => el("tr", { class: row.kind }, cell(row.real, "—"), cell(row.what_if, "(skipped)"),
          el("td", { class: "quiet" }, clock((row.real ?? row.what_if).committed_at))))))),
      saved || saving)
  }
}
