// Dialogs: finding a stream, finding a moment, editing an event, the keys.

import { ask } from "./api.js"
import { clock, count, el, replace, stranger } from "./dom.js"

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

export function findStream(onStream, onError) {
  const list = el("div", { class: "streams" })
  let turn = 0
  let shown = []
  const load = async (after = "") => {
    const mine = ++turn
    const prefix = input.value.trim()
    const answer = await ask("streams", { prefix, after, limit: 100 }).catch(onError)
    if (!answer || mine !== turn) return
    shown = after === "" ? answer.streams : [...shown, ...answer.streams]
    const rows = shown.map((one) => el("button", {
      type: "button", class: "stream", disabled: !one.json, onclick: () => choose(one.stream),
    }, stranger(one.stream, { class: "name" }),
      el("span", { class: "quiet" }, one.json ? `${count(one.tail - one.first, "event")} · ${one.lens}` : one.content_type)))
    const last = answer.streams.at(-1)?.stream
    replace(list, rows.length ? rows : el("p", { class: "quiet" }, prefix ? "No stream begins like this." : "There are no streams yet."),
      !answer.complete && el("button", { type: "button", class: "more", onclick: () => load(last) }, "More"))
  }
  const choose = (stream) => {
    dialog.close()
    onStream(stream)
  }
  const input = el("input", {
    type: "search", placeholder: "name begins with…", "aria-label": "stream", autofocus: true, oninput: () => load(),
    onkeydown: (event) => {
      const first = shown.find(({ json }) => json)
      if (event.key === "Enter" && first) choose(first.stream)
      if (event.key === "ArrowDown") list.querySelector("button")?.focus()
    },
  })
  const dialog = openDialog("finder", "Streams", input, list)
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key]
    if (!step) return
    event.preventDefault()
    ;(document.activeElement[step] ?? input).focus()
  })
  load()
}

/** Text in events, the first moment of a question, or a time. */
export function findMoment({ stream, lens, invariants, onMoment, onError }) {
  const results = el("div", { class: "results" })
  const run = async (event) => {
    event.preventDefault()
    const text = input.value.trim()
    if (!text) return
    replace(results, el("p", { class: "quiet" }, "Looking…"))
    try {
      await (/^\d{4}-\d\d-\d\dT/.test(text) ? jumpTo(text) : isQuestion(text) ? first(text) : search(text))
    } catch (error) {
      replace(results, el("p", { class: "problem" }, stranger(error.message)))
    }
  }
  const isQuestion = (text) => invariants.includes(text) || /^(\/|`|not\b|exists\(|count\(|sum\(|\()/.test(text)
  const go = (moment) => {
    dialog.close()
    onMoment(moment)
  }
  const jumpTo = async (text) => go((await ask("state", { stream, lens, at: text })).moment)
  const first = async (question) => {
    const { found } = await ask("find", { stream, lens, first: question })
    if (found.length) return go(found[0].moment)
    replace(results, el("p", null, invariants.includes(question) ? "It holds at every moment." : "It is true at no moment."))
  }
  const search = async (text) => {
    const { found, complete } = await ask("search", { stream, lens, text, limit: 200 })
    replace(results, el("p", { class: "quiet" }, `${count(found.length, "event")}${complete ? "" : " and more"}`),
      found.map((one) => el("button", { type: "button", class: "stream", onclick: () => go(one.number) },
        el("span", { class: "name" }, `${one.number} `, stranger(one.type)), stranger(one.summary, { class: "quiet summary" }),
        el("time", null, clock(one.committed_at)))))
  }
  const input = el("input", { type: "search", placeholder: "text in events, /total < 0, a time or an invariant", "aria-label": "find", autofocus: true })
  const dialog = openDialog("finder", "Find", el("form", { onsubmit: run }, input, el("button", null, "Find")),
    el("p", { class: "hints" }, [...invariants, "/total < 0", "count(/lines) > 2"].slice(0, 6).map((hint) =>
      el("button", { type: "button", class: "hint", onclick: (event) => { input.value = hint; run(event) } }, stranger(hint)))),
    results)
}

export function editEvent(title, text, onDone) {
  const problem = el("p", { class: "problem" })
  const area = el("textarea", { rows: "16", spellcheck: "false", "aria-label": "the message" })
  area.value = text
  const dialog = openDialog("editor", title, area, problem, el("p", { class: "actions" }, el("button", {
    type: "button", class: "primary", onclick: () => {
      try {
        const event = JSON.parse(area.value)
        dialog.close()
        onDone(event)
      } catch (error) {
        problem.textContent = error.message
      }
    },
  }, "What if")))
  area.focus()
}

export function showKeys() {
  const keys = [["← →", "one event back, on"], ["↑ ↓", "the same"], ["PgUp PgDn", "twenty events"], ["Home End", "first and last moment"],
    ["space", "play, stop"], ["/", "find text, a question, a time"], ["o", "open a stream"], ["n N", "next and previous broken invariant"],
    ["d", "changes or tree"], ["b", "blame"], ["x", "what if it had not happened"], ["e", "what if it had been another"],
    ["i", "what if there had been one more"], ["w", "compare the what-if"], ["l", "live"], ["t", "light or dark"], ["?", "these keys"]]
  openDialog("keys", "Keys", el("dl", null, keys.map(([key, meaning]) =>
    [el("dt", null, key.split(" ").map((one) => el("kbd", null, one))), el("dd", null, meaning)])))
}
