// Finding a stream, the first moment at which something is so in any stream, and a moment in one.

import { ask } from "./api.js"
import { openDialog, timeIn } from "./dialogs.js"
import { count, dayAndTime, el, replace, stranger } from "./dom.js"

/** Up and down go through the buttons of a list. */
function walkable(list, input) {
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key]
    if (!step) return
    event.preventDefault()
    ;(document.activeElement[step] ?? input).focus()
  })
}

const foundRow = (one, label, onclick) => el("button", { type: "button", class: "stream", onclick },
  el("span", { class: "name" }, label), stranger(one.summary ?? one.type, { class: "quiet summary" }),
  el("time", null, dayAndTime(one.committed_at)))

/** Looks through all streams of a category, part by part, for the first moment in each at which a question is true. */
async function huntThrough(results, { prefix, question, isStopped, onMoment }) {
  const found = []
  let streams = 0
  let events = 0
  const skipped = []
  for (let after = ""; !isStopped();) {
    const answer = await ask("find", { prefix, first: question, after })
    found.push(...answer.found)
    streams += answer.streams
    events += answer.events
    skipped.push(...answer.skipped)
    const complete = answer.complete || answer.after === after
    after = answer.after
    replace(results, el("p", { class: "quiet", role: "status" },
      `${count(found.length, "stream")} of ${streams.toLocaleString("en")}, ${count(events, "event")} looked at${complete ? "." : "…"}`),
    skipped.slice(0, 20).map((one) => el("p", { class: "problem" }, "Not looked at: ", stranger(one.stream), ": ", stranger(one.because))),
    found.length > 500 && el("p", { class: "quiet" }, "The first 500 of them:"),
    found.slice(0, 500).map((one) => foundRow({ committed_at: one.event?.committed_at, summary: `event ${one.moment} · ${one.event?.type ?? ""}` }, stranger(one.stream),
      () => onMoment(one.stream, one.moment))))
    if (complete) return
  }
}

/** A list of streams to type in; `hunts` are questions about all streams of a category. */
export function streamFinder({ about, onStream, onMoment }) {
  const list = el("div", { class: "streams" })
  let turn = 0
  let shown = []
  const load = async (after = "") => {
    const mine = ++turn
    const prefix = input.value.trim()
    const answer = await ask("streams", { prefix, after, limit: 100 }).catch((error) => {
      if (mine === turn) replace(list, el("p", { class: "problem", role: "alert" }, stranger(error.message)))
    })
    if (!answer || mine !== turn) return
    shown = after === "" ? answer.streams : [...shown, ...answer.streams]
    const rows = shown.map((one) => el("button", {
      type: "button", class: "stream", disabled: !one.json, onclick: () => onStream(one.stream),
    }, stranger(one.stream, { class: "name" }),
      el("span", { class: "quiet" }, one.json ? `${count(one.tail - one.first, "event")} · ${one.lens}` : one.content_type)))
    const last = answer.streams.at(-1)?.stream
    replace(list, rows.length ? rows : el("p", { class: "quiet" }, prefix ? "No stream begins like this." : "There are no streams yet."),
      !answer.complete && el("button", { type: "button", class: "more", onclick: () => load(last) }, "More"))
  }
  const hunt = async (prefix, question) => {
    const mine = ++turn
    replace(list, el("p", { class: "quiet" }, "Looking…"))
    await huntThrough(list, { prefix, question, isStopped: () => mine !== turn, onMoment }).catch((error) =>
      replace(list, el("p", { class: "problem" }, stranger(error.message))))
  }
  const input = el("input", {
    type: "search", placeholder: "name begins with…", "aria-label": "stream", autofocus: true, oninput: () => load(),
    onkeydown: (event) => {
      const first = shown.find(({ json }) => json)
      if (event.key === "Enter" && first) onStream(first.stream)
      if (event.key === "ArrowDown") list.querySelector("button")?.focus()
    },
  })
  const hunts = about.lenses.filter(({ category, invariants }) => category && invariants.length > 0)
  walkable(list, input)
  load()
  return el("div", { class: "stream-finder" }, input,
    hunts.map(({ category, invariants }) => el("p", { class: "hints" }, el("span", { class: "quiet" }, "broken in ", stranger(`${category}/…`)),
      invariants.map((name) => el("button", { type: "button", class: "hint", onclick: () => hunt(`${category}/`, name) }, stranger(name))))),
    list)
}

/** Text in events, the first moment of a question, or a time. */
export function findMoment({ stream, lens, invariants, committed, onMoment }) {
  const results = el("div", { class: "results" })
  const run = async (event) => {
    event.preventDefault()
    const text = input.value.trim()
    if (!text) return
    replace(results, el("p", { class: "quiet" }, "Looking…"))
    try {
      const time = text.includes(":") ? timeIn(text, committed) : null
      await (time ? jumpTo(time) : isQuestion(text) ? first(text) : search(text))
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
    const { found, missing } = await ask("find", { stream, lens, first: question })
    if (found.length) return go(found[0].moment)
    replace(results, el("p", null, invariants.includes(question) ? "It holds at every moment." : "It is true at no moment."),
      missing.map((pointer) => el("p", { class: "problem" }, "No state has ", stranger(pointer, { class: "mono" }), ".")))
  }
  const search = async (text) => {
    const { found, complete } = await ask("search", { stream, lens, text, limit: 200 })
    replace(results, el("p", { class: "quiet" }, `${count(found.length, "event")}${complete ? "" : " and more"} with this text`),
      found.length === 0 && /[<>=]/.test(text) && el("p", null, "A question begins with a pointer or a function, such as /total < 0 or count(/lines) > 2."),
      found.map((one) => foundRow(one, [`${one.number} `, stranger(one.type)], () => go(one.number))))
  }
  const input = el("input", { type: "search", placeholder: "text in events, /total < 0, a time or an invariant", "aria-label": "find", autofocus: true })
  const dialog = openDialog("finder", "Find", el("form", { onsubmit: run }, input, el("button", { class: "primary" }, "Find")),
    el("p", { class: "hints" }, [...invariants, "count(/lines) > 2"].slice(0, 6).map((hint) =>
      el("button", { type: "button", class: "hint", onclick: (event) => { input.value = hint; run(event) } }, stranger(hint)))),
    results)
  walkable(results, input)
}
