// The debugger's page: one stream, one lens, one moment, which the URL holds.

import { ask, newest } from "./api.js"
import { clock, el, icon, replace, stranger } from "./dom.js"
import { editEvent, findMoment, findStream, showKeys } from "./finder.js"
import { readMoment, writeMoment } from "./moment.js"
import { eventPanel, linkList, statePanel } from "./panels.js"
import { density, invariantStrips, sparkline } from "./strips.js"
import { EventList } from "./timeline.js"
import { WhatIf } from "./what_if.js"

const askState = newest()
const askBlame = newest()
const now = { stream: "", lens: "", at: null, build: "", pins: [], answer: null, view: "tree", blame: null, live: false, playing: 0 }
let about = null
let invariants = null
let followed = null

// What stands where.
const banner = el("div", { class: "banner", role: "alert", hidden: true })
const streamButton = el("button", { type: "button", class: "stream-name", title: "open a stream (o)", onclick: openFinder }, "Open a stream")
const lensSelect = el("select", { "aria-label": "lens", title: "lens", onchange: () => go({ lens: lensSelect.value }) })
const buildLabel = el("span", { class: "build quiet" })
const liveButton = el("button", { type: "button", class: "live", "aria-pressed": "false", title: "follow new events (l)", onclick: toggleLive }, "live")
const overTime = el("div", { class: "over" })
const strips = el("div", { class: "strips" })
const slider = el("input", { type: "range", "aria-label": "moment", min: "0", max: "0", value: "0", oninput: () => go({ at: Number(slider.value) }, { replace: true }) })
const moment = el("output", { class: "moment" })
const playButton = el("button", { type: "button", title: "play (space)", "aria-label": "play", onclick: togglePlay }, icon("play"))
const states = el("section", { class: "panel state", "aria-label": "state" })
const events = el("section", { class: "panel event-panel", "aria-label": "event" })
const list = new EventList({ onSelect: (number) => go({ at: number }), onEdit: (number) => whatIf.toggleSkip(number), onError: complain })
let whatIf = null

function complain(error) {
  if (!error) return
  banner.hidden = false
  replace(banner, stranger(error.message), el("button", { type: "button", onclick: () => { banner.hidden = true } }, "×"))
}

function openFinder() {
  findStream((stream) => go({ stream, at: null, lens: "", build: "", pins: [] }), complain)
}

function openSearch() {
  if (!now.answer) return openFinder()
  findMoment({ stream: now.stream, lens: now.answer.lens.name, invariants: now.answer.invariants.map(({ name }) => name),
    onMoment: (at) => go({ at }), onError: complain })
}

/** To another moment, lens or stream. The URL changes first; what is drawn follows it. */
function go(change, { replace: replaces = false } = {}) {
  const next = { ...now, ...change }
  if (change.lens !== undefined || change.stream !== undefined) next.build = ""
  else if (now.answer) next.build = now.answer.lens.build
  if (next.at !== null && now.answer && change.stream === undefined) {
    next.at = Math.min(Math.max(Number(next.at), now.answer.first), now.answer.tail)
  }
  history[replaces ? "replaceState" : "pushState"](null, "", writeMoment(next))
  return load()
}

async function load() {
  const wanted = readMoment()
  const other = wanted.stream !== now.stream || wanted.lens !== now.lens
  const otherPins = other || wanted.pins.join() !== now.pins.join()
  Object.assign(now, wanted)
  if (!now.stream) return welcome()
  document.title = `${now.stream} · Foldback debugger`
  try {
    const answer = await askState("state", { stream: now.stream, lens: now.lens, at: now.at ?? "tail" })
    if (!answer) return
    const grown = !now.answer || other || answer.tail !== now.answer.tail
    now.answer = answer
    now.blame = null
    document.body.classList.add("ready")
    draw(other)
    if (grown) await drawHistory()
    if (otherPins || grown) drawPins()
    else movePins()
  } catch (error) {
    complain(error)
  }
}

function welcome() {
  now.answer = null
  document.body.classList.remove("ready")
  openFinder()
}

function draw(other) {
  const { answer } = now
  replace(streamButton, stranger(now.stream))
  lensSelect.value = answer.lens.name
  buildLabel.textContent = [answer.lens.build && `lens ${answer.lens.build.slice(0, 8)}`, answer.build && `build ${answer.build}`].filter(Boolean).join(" · ")
  if (now.build && answer.lens.build && now.build !== answer.lens.build) {
    complain({ message: `This link was made under another build of the lens (${now.build.slice(0, 8)}): states may differ.` })
  } else if (other) banner.hidden = true
  slider.min = String(answer.first)
  slider.max = String(answer.tail)
  slider.value = String(answer.moment)
  slider.setAttribute("aria-valuetext", `after event ${answer.moment} of ${answer.tail}`)
  replace(moment, el("b", null, answer.moment.toLocaleString("en")), ` / ${answer.tail.toLocaleString("en")} `,
    el("time", null, clock(answer.event?.committed_at, { date: true })))
  whatIf.show({ stream: now.stream, lens: answer.lens.name })
  list.show({ stream: now.stream, lens: answer.lens.name, first: answer.first, tail: answer.tail })
  list.select(answer.moment)
  drawState()
  eventPanel(events, answer, { onLinks: showLinks, onEdit: edit, onInsert: insert })
}

function drawState() {
  statePanel(states, now.answer, {
    view: now.view, blame: now.blame, pins: now.pins,
    onView: (view) => { now.view = view; drawState() },
    onBlame: toggleBlame, onPin: togglePin, onEvent: (at) => go({ at }),
  })
}

async function drawHistory() {
  const source = { stream: now.stream, lens: now.answer.lens.name }
  const [outline, found] = await Promise.all([ask("outline", source), ask("invariants", source)])
  if (source.stream !== now.stream) return
  invariants = found
  replace(overTime, outline.counts.length > 0 && density(outline, (at) => go({ at })))
  replace(strips, invariantStrips(found, (at) => go({ at })))
  const broken = new Map()
  for (const { name, broken: ranges } of found.invariants) {
    for (const [from] of ranges) broken.set(from, [...(broken.get(from) ?? []), name])
  }
  list.mark({ broken })
}

// Pinned numbers.
const pinNodes = el("div", { class: "pins" })
const series = new Map()

async function drawPins() {
  const source = { stream: now.stream, lens: now.answer.lens.name }
  series.clear()
  const answers = await Promise.all(now.pins.map((pointer) => ask("series", { ...source, pointer })))
  for (const answer of answers) series.set(answer.pointer, answer)
  movePins()
}

function movePins() {
  replace(pinNodes, now.pins.filter((pin) => series.has(pin)).map((pin) =>
    sparkline(series.get(pin), now.answer.moment, (at) => go({ at }), () => togglePin(pin))))
}

function togglePin(pointer) {
  go({ pins: now.pins.includes(pointer) ? now.pins.filter((one) => one !== pointer) : [...now.pins, pointer].slice(-5), at: now.answer.moment })
    .then(drawState)
}

async function toggleBlame() {
  if (now.blame) now.blame = null
  else {
    const answer = await askBlame("blame", { stream: now.stream, lens: now.answer.lens.name, at: now.answer.moment }).catch(complain)
    if (!answer) return
    now.blame = new Map(answer.fields.map((one) => [one.pointer, one]))
  }
  now.view = "tree"
  drawState()
}

async function showLinks() {
  const answer = await ask("links", { stream: now.stream, lens: now.answer.lens.name, event: now.answer.moment }).catch(complain)
  if (answer) linkList(events.querySelector(".links"), answer, ({ stream, event }) => go({ stream, at: event, lens: stream === now.stream ? now.lens : "" }))
}

// What if.
const stored = () => {
  const text = now.answer?.event?.stored ?? "{}"
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
const edit = () => now.answer?.event && editEvent(`What if event ${now.answer.moment} had been`, stored(), (event) => whatIf.replace(now.answer.moment, event))
const insert = () => now.answer && editEvent(`What if before event ${now.answer.moment} there had been`, stored(), (event) => whatIf.insert(Math.max(1, now.answer.moment), event))

// Playing and stepping.
// From where the URL is: keys that come faster than answers count, too.
const place = () => (now.at === null ? now.answer.tail : /^\d+$/.test(now.at) ? Number(now.at) : now.answer.moment)
const step = (by) => now.answer && go({ at: place() + by }, { replace: true })

function togglePlay() {
  if (now.playing) {
    clearInterval(now.playing)
    now.playing = 0
  } else if (now.answer) {
    if (now.answer.moment === now.answer.tail) go({ at: now.answer.first }, { replace: true })
    now.playing = setInterval(() => (now.answer.moment < now.answer.tail ? step(1) : togglePlay()), 350)
  }
  replace(playButton, icon(now.playing ? "stop" : "play"))
}

function nextBroken(direction) {
  const starts = (invariants?.invariants ?? []).flatMap(({ broken }) => broken.map(([from]) => from)).sort((a, b) => a - b)
  const found = direction > 0 ? starts.find((at) => at > now.answer.moment) : starts.findLast((at) => at < now.answer.moment)
  if (found !== undefined) go({ at: found })
}

// Following: one event source for the tab, and none while nobody looks.
function toggleLive() {
  now.live = !now.live
  liveButton.setAttribute("aria-pressed", String(now.live))
  follow()
}

function follow() {
  followed?.close()
  followed = null
  if (!now.live || document.hidden || !now.stream) return
  const path = now.stream.split("/").map(encodeURIComponent).join("/")
  followed = new EventSource(`${about.stream_prefix}${path}?offset=now&live=sse`)
  let pending = false
  followed.addEventListener("data", () => {
    if (pending) return
    pending = true
    requestAnimationFrame(() => {
      pending = false
      go({ at: null }, { replace: true })
    })
  })
}

function toggleTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme.trim() === "dark"
  document.documentElement.dataset.theme = dark ? "light" : "dark"
  localStorage.setItem("foldback-theme", document.documentElement.dataset.theme)
}

const keys = {
  ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => step(-1), ArrowDown: () => step(1),
  k: () => step(-1), j: () => step(1), "[": () => step(-1), "]": () => step(1), PageUp: () => step(-20), PageDown: () => step(20),
  Home: () => now.answer && go({ at: now.answer.first }), End: () => go({ at: null }), " ": togglePlay, "/": openSearch, o: openFinder,
  n: () => nextBroken(1), N: () => nextBroken(-1), d: () => { now.view = now.view === "tree" ? "diff" : "tree"; drawState() },
  b: toggleBlame, x: () => now.answer?.event && whatIf.toggleSkip(now.answer.moment), s: () => keys.x(), e: edit, i: insert,
  w: () => whatIf.compare(), l: toggleLive, t: toggleTheme, "?": showKeys,
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input:not([type=range]), textarea, select, dialog")
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return
  if (event.key === " " && event.target.closest("button, a, summary")) return
  event.preventDefault()
  if (now.answer || ["o", "?", "t", "/"].includes(event.key)) keys[event.key]()
})

function build() {
  const button = (label, title, act) => el("button", { type: "button", title, "aria-label": title, onclick: act }, label)
  const lensGroup = (kind, label) => {
    const found = about.lenses.filter((one) => one.kind === kind)
    return found.length > 0 && el("optgroup", { label }, found.map(({ name }) => el("option", { value: name }, name)))
  }
  replace(lensSelect, lensGroup("aggregate", "aggregates"), lensGroup("built-in", "built in"))
  whatIf = new WhatIf({ onChange: () => list.mark({ edits: whatIf.marks }), onStream: (stream) => go({ stream, at: null, lens: now.answer.lens.name, pins: [] }),
    forkPrefix: about.fork_prefix, readOnly: about.read_only })
  replace(document.getElementById("app"),
    el("header", { class: "top" }, el("a", { href: "/debug/", class: "brand", "aria-label": "Foldback debugger" }, el("img", { src: "/debug/icon.svg", alt: "", width: "22", height: "22" })),
      streamButton, lensSelect, buildLabel, el("span", { class: "grow" }), button("Find", "find text, a question or a time (/)", openSearch), liveButton,
      button(icon("theme"), "light or dark (t)", toggleTheme), button("?", "keys", showKeys)),
    banner, el("main", null,
      el("div", { class: "history" }, overTime,
        el("div", { class: "transport" }, button(icon("first"), "first moment (home)", keys.Home), button(icon("back"), "one event back (←)", () => step(-1)), playButton,
          button(icon("on"), "one event on (→)", () => step(1)), button(icon("last"), "last moment (end)", keys.End), slider, moment), strips, pinNodes),
      el("div", { class: "columns" }, list.node, states, events), whatIf.node), whatIf.bar)
}

async function start() {
  const theme = localStorage.getItem("foldback-theme")
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme
  try {
    about = await ask("about")
  } catch (error) {
    document.body.append(el("p", { class: "problem" }, stranger(error.message)))
    return
  }
  build()
  addEventListener("popstate", () => { load(); follow() })
  document.addEventListener("visibilitychange", follow)
  await load()
}

start()
