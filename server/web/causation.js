// Which event led to which: a tree from left to right in time order, drawn as SVG.

import { count, dayAndTime, duration, el, replace, svg, visible } from "./dom.js"

const rowHeight = 26
const indent = 18
const mostRows = 200

const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

/** `answer`: of /debug/api/trace. `onEvent({stream, event})`. */
export function causationGraph(node, answer, onEvent) {
  const rows = answer.nodes.slice(0, mostRows)
  const isThis = (one) => one.stream === answer.stream && one.event === answer.event
  if (rows.length <= 1) {
    replace(node, el("p", { class: "quiet" }, "No event is linked to this one by causation, correlation or command."))
    return
  }
  const x = (one) => 9 + Math.min(one.depth, 12) * indent
  const y = (index) => index * rowHeight + rowHeight / 2
  const edges = rows.map((one, index) => one.parent === null || one.parent >= rows.length ? ""
    : svg("path", { class: "edge", d: `M${x(rows[one.parent])} ${y(one.parent) + 5}V${y(index)}H${x(one) - 5}` }))
  const dots = rows.map((one, index) => {
    const text = svg("text", { x: x(one) + 12, y: y(index) + 4 })
    const type = svg("tspan", { class: "type" })
    type.textContent = short(visible(one.type || "(no type)"), 40)
    const where = svg("tspan", { class: "where", dx: 8 })
    where.textContent = `${short(visible(one.stream), 40)} ${one.event}`
    const when = svg("tspan", { class: "where", dx: 8 })
    when.textContent = one.after_ms === null || one.after_ms === undefined ? dayAndTime(one.timestamp) : `+${duration(one.after_ms)}`
    text.append(type, where, when)
    const group = svg("g", { class: isThis(one) ? "node this" : "node", tabindex: 0, role: "link", "aria-label": `${visible(one.type)} ${visible(one.stream)} ${one.event}`,
      onclick: () => onEvent(one), onkeydown: (event) => event.key === "Enter" && onEvent(one) },
    svg("rect", { class: "hit", x: 0, y: index * rowHeight, width: 2000, height: rowHeight }), svg("circle", { cx: x(one), cy: y(index), r: 5 }), text)
    return group
  })
  const height = rows.length * rowHeight
  const drawing = svg("svg", { class: "causation", width: "100%", height, role: "group", "aria-label": "causes and effects" }, ...edges, ...dots)
  replace(node, el("h3", null, "causes and effects"), drawing,
    el("p", { class: "quiet" }, `${count(answer.nodes.length, "event")} in ${count(answer.streams, "stream")}`,
      answer.duration_ms > 0 && ` over ${duration(answer.duration_ms)}`,
      rows.length < answer.nodes.length && `, the first ${mostRows} of them`,
      !answer.complete && ". There may be more: only part of the store was looked at."))
}
