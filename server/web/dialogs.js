// Dialogs: editing an event, going to a moment, the keys.

import { el, replace, stranger } from "./dom.js"
import { parse } from "./json.js"

/** A modal dialog that is gone when it is closed. */
export function openDialog(className, title, ...children) {
  const dialog = el("dialog", { class: className, "aria-label": title },
    el("header", null, el("h2", null, title),
      el("button", { type: "button", class: "close", "aria-label": "close", onclick: () => dialog.close() }, "×")), ...children)
  dialog.addEventListener("close", () => dialog.remove())
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close())
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}

export function editEvent(title, text, onDone) {
  const problem = el("p", { class: "problem" })
  const area = el("textarea", { rows: "16", spellcheck: "false", "aria-label": "the message" })
  area.value = text
  const dialog = openDialog("editor", title, area, problem, el("p", { class: "actions" }, el("button", {
    type: "button", class: "primary", onclick: () => {
      try {
        const event = parse(area.value)
        dialog.close()
        onDone(event)
      } catch (error) {
        problem.textContent = error.message
      }
    },
  }, "What if")))
  area.focus()
}

const dayOf = (committed) => (committed ?? new Date().toISOString()).slice(0, 10)

/** A time as people write it, as the API wants it; null when it is none. Without a day it is of the day of `committed`, without a zone UTC. */
export function timeIn(text, committed) {
  const today = dayOf(committed)
  const found = /^(?:(\d{4}-\d\d-\d\d)(?:[T ]|$))?(\d?\d:\d\d(?::\d\d(?:\.\d+)?)?)?\s*(Z|[+-]\d\d:\d\d)?$/.exec(text.trim())
  if (!found || (!found[1] && !found[2])) return null
  const [, day = today, clock = "00:00", zone = "Z"] = found
  const time = clock.replace(/^\d:/, "0$&")
  return `${day}T${time.length === 5 ? `${time}:00` : time}${zone}`
}

/** `onMoment(text)` is a promise: it fails where there is no such moment. */
export function goToMoment({ committed, onMoment }) {
  const problem = el("p", { class: "problem", role: "alert" })
  const run = async (event) => {
    event.preventDefault()
    const text = input.value.trim()
    if (!text) return
    try {
      await onMoment(timeIn(text, committed) ?? text)
      dialog.close()
    } catch (error) {
      replace(problem, stranger(error.message))
    }
  }
  const input = el("input", { type: "search", "aria-label": "moment or time", placeholder: "17, -3, 09:14:07 or 2026-11-23 09:14", autofocus: true })
  const dialog = openDialog("finder", "Go to", el("form", { onsubmit: run }, input, el("button", { class: "primary" }, "Go")),
    el("p", { class: "quiet" }, "The number of an event, how many before the tail, or a time (UTC): then it is the moment after everything that was committed until then. ",
      `A time alone is one of ${dayOf(committed)}.`), problem)
}

export function showKeys() {
  const keys = [["← →", "one event back, on"], ["k j", "the same"], ["PgUp PgDn", "twenty events"], ["Home End", "first and last moment"],
    ["space", "play, stop"], ["g", "go to an event or a time"], ["/", "find text, a question, a time"], ["o", "open a stream, find broken invariants"],
    ["n N", "next and previous broken invariant"], ["d", "changes or tree"], ["m", "changes since this moment"], ["b", "blame all"],
    ["c", "causes and effects"], ["x", "what if it had not happened"], ["e", "what if it had been another"],
    ["i", "what if there had been one more"], ["w", "compare the what-if"], ["l", "live"], ["t", "light or dark"], ["?", "these keys"]]
  openDialog("keys", "Keys", el("dl", null, keys.map(([key, meaning]) =>
    [el("dt", null, key.split(" ").map((one) => el("kbd", null, one))), el("dd", null, meaning)])))
}
