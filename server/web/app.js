// The debugger's page: one stream, one lens, one moment, which the URL holds.

import { ask, newest } from "./api.js"
import { Blame } from "./blame.js"
import { causationGraph } from "./causation.js"
import { editEvent, goToMoment, openDialog, showKeys } from "./dialogs.js"
import { clock, el, icon, replace, stranger } from "./dom.js"
import { findMoment, streamFinder } from "./finder.js"
import { HistoryStrips } from "./history.js"
import { indented } from "./json.js"
import { Follower } from "./live.js"
import { pushMoment, readMoment, replaceMoment } from "./moment.js"
import { eventPanel, statePanel } from "./panels.js"
import { Player } from "./player.js"
import { neighbour, StatePages } from "./state_pages.js"
import { EventList } from "./timeline.js"
import { WhatIf } from "./what_if.js"

const askState = newest()
const askTrace = newest()
const askSince = newest()
const now = { stream: "", lens: "", at: null, build: "", since: "", pins: [], answer: null, view: "tree",
  changesSince: null, traced: false, live: false }
const pages = new StatePages()
let drawn = { stream: "", lens: "" } // which stream, through which lens, the answer is of
let about = null
let whatIf = null
let follower = null

// What stands where.
const banner = el("div", { class: "banner", role: "alert", hidden: true })
const streamButton = el("button", { type: "button", class: "stream-name", title: "open a stream (o)", onclick: openFinder }, "Open a stream")
const lensSelect = el("select", { "aria-label": "lens", title: "lens", onchange: () => go({ lens: lensSelect.value }) })
const buildLabel = el("span", { class: "build quiet" })
const liveButton = el("button", { type: "button", class: "live", "aria-pressed": "false", title: "follow new events (l)", onclick: toggleLive }, "live")
const slider = el("input", { type: "range", "aria-label": "moment", min: "0", max: "0", value: "0", oninput: scrub })
const moment = el("button", { type: "button", class: "moment", title: "go to an event or a time (g)", onclick: openGoTo })
const states = el("section", { class: "panel state", "aria-label": "state" })
const events = el("section", { class: "panel event-panel", "aria-label": "event" })
const list = new EventList({ onSelect: (number) => go({ at: number }), onEdit: (number) => whatIf.toggleSkip(number), onError: complain })
const strips = new HistoryStrips({ onMoment: (at) => go({ at }), onUnpin: togglePin, onError: complain, onBroken: (broken) => {
  list.mark({ broken })
  if (now.answer) drawState()
} })
const blame = new Blame(states, { now: shown, onEvent: (at) => go({ at }), onError: complain })
const player = new Player({
  onBegin: () => now.answer?.moment === now.answer?.tail && go({ at: now.answer.first }, { replace: true }),
  onStep: () => now.answer && place() < now.answer.tail && (step(1), true),
})
const historyNode = el("div", { class: "history" })
const welcomeNode = el("section", { class: "welcome", "aria-label": "streams" })

function complain(error) {
  if (!error) return
  banner.hidden = false
  replace(banner, stranger(error.message), el("button", { type: "button", "aria-label": "dismiss", onclick: () => { banner.hidden = true } }, "×"))
}

const openStream = (stream, at = null) => go({ stream, at, lens: "", build: "", since: "", pins: [] })

function openFinder() {
  const dialog = openDialog("finder", "Streams", streamFinder({ about,
    onStream: (stream) => { dialog.close(); openStream(stream) }, onMoment: (stream, at) => { dialog.close(); openStream(stream, at) } }))
}

function openSearch() {
  if (!now.answer) return openFinder()
  findMoment({ stream: now.stream, lens: now.answer.lens.name, invariants: now.answer.invariants.map(({ name }) => name),
    committed: now.answer.event?.committed_at, onMoment: (at) => go({ at }) })
}

function openGoTo() {
  goToMoment({ committed: now.answer.event?.committed_at, onMoment: async (text) =>
    go({ at: (await ask("state", { stream: now.stream, lens: now.answer.lens.name, at: text })).moment }) })
}

// One step for each frame, however often the slider tells of a movement.
let scrubbing = 0
function scrub() {
  scrubbing ||= requestAnimationFrame(() => {
    scrubbing = 0
    go({ at: Number(slider.value) }, { replace: true })
  })
}

/** To another moment, lens or stream: the URL changes, and what is drawn. */
function go(change, { replace: replaces = false } = {}) {
  const next = { ...now, ...change }
  if (change.lens !== undefined || change.stream !== undefined) Object.assign(next, { build: "", since: change.since ?? "" })
  else if (now.answer) next.build = buildOf(now.answer)
  if (next.at !== null && now.answer && change.stream === undefined) {
    next.at = Math.min(Math.max(change.at ?? place(), now.answer.first), now.answer.tail)
  }
  if (replaces) replaceMoment(next)
  else pushMoment(next)
  return show(next)
}

async function show(wanted) {
  const other = !now.answer || wanted.stream !== drawn.stream || wanted.lens !== drawn.lens
  const pinned = wanted.pins.join() !== now.pins.join()
  for (const name of ["stream", "at", "lens", "build", "since", "pins"]) now[name] = wanted[name]
  follower.follow(now.live ? now.stream : null)
  if (!now.stream) return welcome()
  document.title = `${now.stream} · Foldback debugger`
  try {
    const answer = await answerAt(other)
    // Meanwhile another moment may have been wanted, and drawn from the pages.
    if (!answer || ["stream", "at", "lens"].some((name) => now[name] !== wanted[name])) return
    const grown = !now.answer || other || answer.tail !== now.answer.tail
    now.answer = answer
    drawn = { stream: wanted.stream, lens: wanted.lens }
    if (other) banner.hidden = true
    warnOfOtherBuild()
    draw()
    if (grown) {
      pages.of(source()).grown(answer.tail)
      await strips.show(source(), now.pins)
    } else if (pinned) await strips.pin(source(), now.pins)
  } catch (error) {
    if (now.answer && !other) return complain(error)
    await elsewhere(wanted, error)
  }
}

/** A link that leads nowhere: to the nearest place that there is, with a word on why. */
async function elsewhere(wanted, error) {
  now.answer = null
  const nearer = { "no-such-moment": { at: null }, "bad-moment": { at: null }, "no-such-lens": { lens: "", build: "" } }[error.code]
  if (nearer && Object.keys(nearer).some((name) => wanted[name])) {
    replaceMoment({ ...wanted, ...nearer })
    await show({ ...wanted, ...nearer })
  } else welcome()
  complain(error)
}

/** What is on the screen. */
function shown() {
  return { stream: now.stream, lens: now.answer.lens.name, moment: now.answer.moment }
}

const source = () => ({ stream: now.stream, lens: now.answer.lens.name, build: now.answer.lens.build })

/** The state at the moment that is wanted: from the pages when it is there, and then in no time. */
async function answerAt(other) {
  const last = now.answer
  if (last && !other && typeof now.at === "number") {
    const cached = pages.of(source()).at(now.at)
    const by = now.at - last.moment
    if (Math.abs(by) === 1) {
      pages.fetch(now.at)
      const next = neighbour(now.at, by)
      if (next !== null && next >= last.first && next <= last.tail) pages.fetch(next)
    }
    if (cached) return { ...last, ...cached }
  }
  return askState("state", { stream: now.stream, lens: now.lens, at: now.at ?? "tail" })
}

/** Of the lens and of the program: either may fold otherwise. */
const buildOf = ({ build, lens }) => [lens.build, build].filter(Boolean).join(" ")

function warnOfOtherBuild() {
  const build = buildOf(now.answer)
  if (now.build && build && now.build !== build) {
    complain({ message: `This link was made under another build (${now.build}, now it is ${build}): states may differ.` })
  }
}

function welcome() {
  now.answer = null
  document.title = "Foldback debugger"
  document.body.classList.remove("ready")
  replace(streamButton, "Open a stream")
  replace(welcomeNode, el("h1", null, "Fold back to any moment"),
    el("p", { class: "quiet" }, "Open a stream to see what it was after each of its events, or ask where something is broken."),
    streamFinder({ about, onStream: openStream, onMoment: openStream }),
    about.lenses.every(({ kind }) => kind !== "aggregate") && el("div", { class: "lesson" },
      el("p", null, "These streams are folded by built-in lenses. A service shows its own states, and where they are broken, by one line for each aggregate:"),
      el("pre", null, 'registry.add<Order>("orders", {.invariants = {{"total-not-negative", …}}});')))
  welcomeNode.querySelector("input").focus()
}

const identityOf = (lens) => about.lenses.find(({ name }) => name === lens)?.identity ?? []

function draw() {
  const { answer } = now
  document.body.classList.add("ready")
  replace(streamButton, stranger(now.stream))
  lensSelect.value = answer.lens.name
  buildLabel.textContent = [answer.build, answer.lens.build && `lens ${answer.lens.build.slice(0, 8)}`].filter(Boolean).join(" · ")
  slider.min = String(answer.first)
  slider.max = String(answer.tail)
  if (!scrubbing && place() === answer.moment) slider.value = String(answer.moment)
  slider.setAttribute("aria-valuetext", `after event ${answer.moment} of ${answer.tail}`)
  replace(moment, el("span", null, el("b", null, answer.moment.toLocaleString("en")), ` / ${answer.tail.toLocaleString("en")}`),
    el("time", null, clock(answer.event?.committed_at, { date: true }) || "before the first event"))
  HistoryStrips.move(historyNode, answer, answer.moment)
  whatIf.show({ stream: now.stream, lens: answer.lens.name })
  list.show({ stream: now.stream, lens: answer.lens.name, first: answer.first, tail: answer.tail })
  list.select(answer.moment)
  blame.moved(shown())
  if (now.changesSince?.moment !== Number(now.since) || now.changesSince?.at !== answer.moment) now.changesSince = null
  drawState()
  drawEvent()
  if (now.since && !now.changesSince) compareSince()
}

function drawState() {
  statePanel(states, now.answer, {
    view: now.view, blame: blame.shown, pins: now.pins, identity: identityOf(now.answer.lens.name),
    since: now.changesSince, broke: strips.brokeAt(now.answer.moment), unread: strips.unreadUpTo(now.answer.moment),
    onView: (view) => { now.view = view; drawState() }, onBlame: toggleBlame, onPin: togglePin, onEvent: (at) => go({ at }),
    onSince: () => go({ since: "" }, { replace: true }), onSkip: () => whatIf.skip(now.answer.moment), onEdit: edit, onTrace: toggleTrace,
  })
}

function drawEvent() {
  eventPanel(events, now.answer, { traced: now.traced, onTrace: toggleTrace, onEdit: edit, onInsert: insert, onSkip: () => whatIf.skip(now.answer.moment) })
  if (now.traced && now.answer.event) trace()
}

function togglePin(pointer) {
  go({ pins: now.pins.includes(pointer) ? now.pins.filter((one) => one !== pointer) : [...now.pins, pointer].slice(-5), at: now.answer.moment })
    .then(drawState)
}

async function toggleBlame() {
  states.setAttribute("aria-busy", "true") // of a long history it takes a moment
  const hasChanged = await blame.toggle()
  states.removeAttribute("aria-busy")
  if (!hasChanged) return
  now.view = "tree"
  drawState()
}

// Changes since another moment.
async function compareSince() {
  const wanted = { moment: Number(now.since), at: now.answer.moment }
  const answer = await askSince("diff", { stream: now.stream, lens: now.answer.lens.name, from: now.since, to: wanted.at }).catch(complain)
  if (!answer || now.answer.moment !== wanted.at) return
  now.changesSince = { ...wanted, changes: answer.changes }
  drawState()
}

// Causes and effects.
function toggleTrace() {
  now.traced = !now.traced
  drawEvent()
}

async function trace() {
  replace(events.querySelector(".trace"), el("p", { class: "quiet" }, "Looking…"))
  const answer = await askTrace("trace", { stream: now.stream, lens: now.answer.lens.name, event: now.answer.moment }).catch(complain)
  if (answer && answer.event === now.answer.moment) {
    causationGraph(events.querySelector(".trace"), answer, ({ stream, event }) => stream === now.stream ? go({ at: event }) : openStream(stream, event))
  }
}

// What if.
const stored = () => indented(now.answer?.event?.stored ?? "{}")
const edit = () => now.answer?.event && editEvent(`What if event ${now.answer.moment} had been`, stored(), (event) => whatIf.replace(now.answer.moment, event))
const insert = () => now.answer && editEvent(`What if before event ${now.answer.moment} there had been`, stored(), (event) => whatIf.insert(Math.max(1, now.answer.moment), event))

// Playing and stepping.
// From where the URL is: keys that come faster than answers count, too.
const place = () => (now.at === null ? now.answer.tail : Number.isInteger(Number(now.at)) && Number(now.at) >= 0 ? Number(now.at) : now.answer.moment)
const step = (by) => now.answer && go({ at: place() + by }, { replace: true })

function nextBroken(direction) {
  const found = strips.nextBroken(now.answer.moment, direction)
  if (found !== undefined) go({ at: found })
}

function toggleLive() {
  now.live = !now.live
  liveButton.setAttribute("aria-pressed", String(now.live))
  follower.follow(now.live ? now.stream : null)
}

function toggleTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme.trim() === "dark"
  document.documentElement.dataset.theme = dark ? "light" : "dark"
  localStorage.setItem("foldback-theme", document.documentElement.dataset.theme)
}

const keys = {
  ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => step(-1), ArrowDown: () => step(1),
  k: () => step(-1), j: () => step(1), "[": () => step(-1), "]": () => step(1), PageUp: () => step(-20), PageDown: () => step(20),
  Home: () => go({ at: now.answer.first }), End: () => go({ at: null }), " ": () => player.toggle(), "/": openSearch, o: openFinder, g: openGoTo,
  n: () => nextBroken(1), N: () => nextBroken(-1), d: () => { now.view = now.view === "tree" ? "diff" : "tree"; drawState() },
  m: () => go({ since: now.since ? "" : String(now.answer.moment) }, { replace: true }), b: toggleBlame, c: toggleTrace,
  x: () => now.answer.event && whatIf.toggleSkip(now.answer.moment), s: () => keys.x(), e: edit, i: insert,
  w: () => whatIf.compare(), l: toggleLive, t: toggleTheme, "?": showKeys,
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input:not([type=range]), textarea, select, dialog")
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return
  if ((event.key === " " || event.key === "Enter") && event.target.closest("button, a, summary, .node")) return
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
  follower = new Follower({ prefix: about.stream_prefix, onGrown: () => go({ at: null }, { replace: true }), onStatus: (status) => {
    liveButton.textContent = status
    liveButton.classList.toggle("lost", status !== "live")
  } })
  whatIf = new WhatIf({ onChange: () => list.mark({ edits: whatIf.marks }), onStream: (stream) => go({ stream, at: null, lens: now.answer.lens.name, pins: [] }),
    identityOf, forkPrefix: about.fork_prefix, readOnly: about.read_only })
  historyNode.append(strips.overTime,
    el("div", { class: "transport" },
      el("div", { class: "buttons" }, button(icon("first"), "first moment (home)", () => keys.Home()), button(icon("back"), "one event back (←)", () => step(-1)), player.button,
        button(icon("on"), "one event on (→)", () => step(1)), button(icon("last"), "last moment (end)", () => keys.End()), player.speedButton), slider, moment),
    strips.strips, strips.pins)
  replace(document.getElementById("app"),
    el("header", { class: "top" }, el("a", { href: "/debug/", class: "brand", title: "all streams", "aria-label": "Foldback debugger: all streams" }, el("img", { src: "/debug/icon.svg", alt: "", width: "22", height: "22" })),
      streamButton, lensSelect, buildLabel, el("span", { class: "grow" }), button("Find", "find text, a question or a time (/)", openSearch), liveButton,
      button(icon("theme"), "light or dark (t)", toggleTheme), button("?", "keys (?)", showKeys)),
    banner, welcomeNode, el("main", null, historyNode, el("div", { class: "columns" }, list.node, states, events), whatIf.node), whatIf.bar)
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
  addEventListener("popstate", () => show(readMoment()))
  await show(readMoment())
}

start()
