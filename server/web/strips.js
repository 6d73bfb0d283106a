// Small drawings over the whole history: events per time, where invariants hold, numbers.

import { clock, count, el, stranger, svg } from "./dom.js"

const width = 1000

/** Events over time; a click leads to the moment. */
export function density(outline, onMoment) {
  const height = 34
  const most = Math.max(1, ...outline.counts)
  const step = width / Math.max(1, outline.counts.length)
  const bars = outline.counts.map((events, column) => {
    if (events === 0) return ""
    const tall = Math.max(2, Math.sqrt(events / most) * height)
    return svg("rect", { x: column * step, y: height - tall, width: Math.max(1, step - 1.5), height: tall, rx: 1 })
  })
  const drawing = svg("svg", {
    class: "density", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `events over time, from ${outline.from} to ${outline.to}`,
  }, ...bars)
  drawing.addEventListener("click", (event) => {
    const box = drawing.getBoundingClientRect()
    const column = Math.floor(((event.clientX - box.left) / box.width) * outline.counts.length)
    onMoment(outline.moments[Math.min(Math.max(column, 0), outline.moments.length - 1)])
  })
  return el("figure", { class: "over-time" }, drawing,
    el("figcaption", null, el("span", null, clock(outline.from, { date: true })),
      el("span", null, clock(outline.to, { date: true }))))
}

/** One strip for each invariant: where it is broken is red. */
export function invariantStrips({ invariants, unreadable, first, tail }, onMoment) {
  const moments = Math.max(1, tail - first)
  const strip = (label, ranges, className, start, describe) => {
    const marks = ranges.map(([from, to]) => svg("rect", {
      x: ((from - first) / (moments + 1)) * width, y: 0, height: 8,
      width: Math.max(3, ((to - from) / (moments + 1)) * width),
    }))
    const drawing = svg("svg", {
      class: `strip ${className}`, viewBox: `0 0 ${width} 8`, preserveAspectRatio: "none", role: "img",
      "aria-label": describe,
    }, svg("rect", { class: "ok", x: 0, y: 0, width, height: 8 }), ...marks)
    drawing.addEventListener("click", (event) => {
      const box = drawing.getBoundingClientRect()
      onMoment(first + Math.round(((event.clientX - box.left) / box.width) * moments))
    })
    return el("div", { class: "strip-row" }, el("span", { class: "strip-name" }, stranger(label)), drawing,
      start === null ? el("span", { class: "holds" }, "holds")
        : el("button", { type: "button", class: "broke-at", onclick: () => onMoment(start) }, describe))
  }
  const rows = invariants.map((one) => strip(one.name, one.broken, "invariant", one.first,
    one.first === null ? "holds always" : `broke at ${one.first}`))
  if (unreadable.length > 0) {
    rows.push(strip("not decoded", unreadable.map(({ event }) => [event, event + 1]), "unreadable",
      unreadable[0].event, count(unreadable.length, "event")))
  }
  return rows
}

/** A number over all events. */
export function sparkline(series, at, onMoment, onUnpin) {
  const height = 28
  const points = series.points.filter(({ last }) => last !== null)
  const low = Math.min(...points.map(({ min }) => min))
  const high = Math.max(...points.map(({ max }) => max))
  const span = Math.max(1, series.tail - series.first)
  const x = (moment) => ((moment - series.first) / span) * width
  const y = (value) => height - 2 - ((value - low) / (high - low || 1)) * (height - 4)
  const path = points.flatMap(({ moment, min, max, last }) =>
    [...new Set([min, max, last])].map((value) => `${x(moment).toFixed(1)},${y(value).toFixed(1)}`)).join(" ")
  const drawing = svg("svg", {
    class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `${series.pointer} from ${low} to ${high}`,
  })
  if (points.length > 0 && low < 0 && high > 0) {
    drawing.append(svg("line", { class: "zero", x1: 0, x2: width, y1: y(0), y2: y(0) }))
  }
  drawing.append(svg("polyline", { points: path }), svg("line", { class: "now", x1: x(at), x2: x(at), y1: 0, y2: height }))
  drawing.addEventListener("click", (event) => {
    const box = drawing.getBoundingClientRect()
    onMoment(series.first + Math.round(((event.clientX - box.left) / box.width) * span))
  })
  return el("div", { class: "strip-row" }, el("span", { class: "strip-name" }, stranger(series.pointer)), drawing,
    el("span", { class: "range" }, points.length ? `${low} … ${high}` : "no number",
      el("button", { type: "button", class: "pin", title: "unpin", onclick: onUnpin }, "×")))
}
