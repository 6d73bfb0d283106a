// Small drawings over the whole history: events per time, where invariants hold, what has seen how much, numbers.

import { count, dayAndTime, duration, el, stranger, svg } from "./dom.js"

const width = 1000

/** Where a moment lies between the first and the last, from 0 to 1. */
export const place = ({ first, tail }, moment) => (moment - first) / Math.max(1, tail - first)

/** A row: what it is, its drawing, which a click turns into a share of the width, and what there is to say. */
function row(label, drawing, onShare, aside, title = label) {
  const track = el("div", { class: "track" }, drawing)
  track.addEventListener("click", (event) => {
    const box = track.getBoundingClientRect()
    onShare(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)))
  })
  return el("div", { class: "strip-row" }, el("span", { class: "strip-name", title }, stranger(label)), track,
    el("span", { class: "aside", title: typeof aside === "string" && aside }, aside))
}

const picture = (className, height, describe, ...parts) => svg("svg", {
  class: className, viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": describe,
}, ...parts)

const momentAt = (history, share) => history.first + Math.round(share * (history.tail - history.first))

/** Events over time; a click leads to the moment. */
export function density(outline, onMoment) {
  const height = 34
  const most = Math.max(1, ...outline.counts)
  const step = width / Math.max(1, outline.counts.length)
  const bars = outline.counts.map((events, column) => {
    if (events === 0) return ""
    const tall = Math.max(3, Math.sqrt(events / most) * height)
    return svg("rect", { x: column * step, y: height - tall, width: Math.max(1, step - 1.5), height: tall, rx: 1 })
  })
  const span = Date.parse(outline.to) - Date.parse(outline.from)
  const drawing = el("figure", { class: "over-time" },
    picture("density", height, `events over time, from ${outline.from} to ${outline.to}`, ...bars),
    el("figcaption", null, el("span", null, `${dayAndTime(outline.from)} UTC`), el("span", null, dayAndTime(outline.to))))
  const node = row("events over time", drawing, (share) => {
    const column = Math.floor(share * outline.counts.length)
    onMoment(outline.moments[Math.min(column, outline.moments.length - 1)])
  }, `in ${duration(span)}`)
  node.classList.add("density-row")
  return node
}

function rangeStrip(history, label, ranges, className, describe, aside, onMoment) {
  const clamp = (share) => Math.min(1, Math.max(0, share)) * width
  const marks = ranges.map(([from, to]) => {
    const left = clamp(place(history, from - 0.5))
    return svg("rect", { x: Math.min(left, width - 4), y: 0, height: 8, width: Math.max(4, clamp(place(history, to - 0.5)) - left) })
  })
  return row(label, picture(`strip ${className}`, 8, describe, svg("rect", { class: "ok", x: 0, y: 0, width, height: 8 }), ...marks),
    (share) => onMoment(momentAt(history, share)), aside)
}

/** One strip for each invariant that is broken somewhere: where, is red. Those that hold always share one. */
export function invariantStrips(history, onMoment) {
  const { invariants, unreadable } = history
  const leadsTo = (moment, text) => el("button", { type: "button", class: "broke-at", onclick: () => onMoment(moment) }, text)
  const rows = invariants.filter(({ first }) => first !== null).map((one) => rangeStrip(history, one.name, one.broken, "invariant",
    `broke at ${one.first}`, leadsTo(one.first, `broke at ${one.first.toLocaleString("en")}`), onMoment))
  const holding = invariants.filter(({ first }) => first === null).map(({ name }) => name)
  if (holding.length > 0) {
    const label = holding.length === 1 ? holding[0] : `${holding.length}${rows.length ? " other" : ""} invariants`
    const strip = rangeStrip(history, label, [], "invariant", `${holding.join(", ")}: always`, el("span", { class: "holds" }, holding.length === 1 ? "holds always" : "hold always"), onMoment)
    strip.querySelector(".strip-name").title = holding.join(", ")
    rows.push(strip)
  }
  if (unreadable.length > 0) {
    const first = unreadable[0].event
    const said = count(unreadable.length, "event")
    rows.push(rangeStrip(history, "not decoded", unreadable.map(({ event }) => [event, event + 1]), "unreadable", said, leadsTo(first, said), onMoment))
  }
  return rows
}

/** Snapshots, and how far projections have come. */
export function markStrip(history, marks, onMoment) {
  if (marks.length === 0) return null
  const signs = [...new Set(marks.map(({ moment }) => moment))].map((moment) => {
    const here = marks.filter((one) => one.moment === moment)
    const kinds = new Set(here.map(({ kind }) => kind))
    const names = here.map(({ kind, name }) => `${kind} ${name}`).join(", ")
    const sign = el("button", {
      type: "button", class: `mark ${kinds.has("snapshot") ? "snapshot" : "projection"}`, title: `${names}: after event ${moment}`,
      "aria-label": `${names}: after event ${moment}`, onclick: (event) => { event.stopPropagation(); onMoment(moment) },
    })
    sign.style.left = `${place(history, moment) * 100}%`
    return sign
  })
  const behind = marks.filter(({ kind, moment }) => kind === "projection" && moment < history.tail).length
  const projections = marks.filter(({ kind }) => kind === "projection").length
  const snapshots = marks.length - projections
  const said = [snapshots && count(snapshots, "snapshot"), projections && (behind ? `${behind} of ${projections} behind` : `${projections} up to date`)]
  return row(snapshots ? "snapshots, projections" : "projections", el("div", { class: "marks" }, signs), (share) => onMoment(momentAt(history, share)), said.filter(Boolean).join(", "))
}

/** A number over all events. */
export function sparkline(series, onMoment, onUnpin) {
  const height = 28
  const points = series.points.filter(({ last }) => last !== null)
    .map(({ moment, min, max, last }) => ({ moment, min: Number(min), max: Number(max), last: Number(last) }))
  const low = Math.min(...points.map(({ min }) => min))
  const high = Math.max(...points.map(({ max }) => max))
  const x = (moment) => place(series, moment) * width
  const y = (value) => height - 2 - ((value - low) / (high - low || 1)) * (height - 4)
  // A state lasts until the next event: steps, not slopes.
  const path = points.flatMap(({ moment, min, max, last }, index) => {
    const values = [...new Set([min, max, last])].map((value) => `${x(moment).toFixed(1)},${y(value).toFixed(1)}`)
    const before = index > 0 ? [`${x(moment).toFixed(1)},${y(points[index - 1].last).toFixed(1)}`] : []
    return [...before, ...values]
  }).join(" ")
  const drawing = picture("spark", height, `${series.pointer} from ${low} to ${high}`, svg("polyline", { points: path }))
  if (points.length > 0 && low < 0 && high > 0) {
    drawing.prepend(svg("line", { class: "zero", x1: 0, x2: width, y1: y(0), y2: y(0) }))
  }
  const short = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 })
  return row(series.pointer, drawing, (share) => onMoment(momentAt(series, share)), [
    el("span", { class: "range" }, points.length === 0 ? "no number" : low === high ? short(low) : `${short(low)} … ${short(high)}`),
    el("button", { type: "button", class: "pin", title: "unpin", "aria-label": `unpin ${series.pointer}`, onclick: onUnpin }, "×")])
}
