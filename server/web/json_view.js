// A JSON value as a tree: changed parts are marked, each part can say which event set it, numbers can be pinned.

import { el, stranger, visible } from "./dom.js"
import { write } from "./json.js"

const longest = 240
const mostElements = 200

export const escapeSegment = (key) => String(key).replaceAll("~", "~0").replaceAll("/", "~1")

function scalar(value) {
  const kind = value === null ? "null" : typeof value === "bigint" ? "number" : typeof value
  const text = write(kind === "string" ? visible(value) : value)
  const shown = stranger(text.length > longest ? `${text.slice(0, longest)}…` : text, { class: `v ${kind}` })
  if (text.length <= longest) return shown
  const more = el("button", {
    class: "more",
    type: "button",
    onclick: () => {
      shown.textContent = text.slice(0, 100_000)
      more.remove()
    },
  }, `${text.length.toLocaleString("en")} characters`)
  return el("span", null, shown, more)
}

const isScalar = (value) => value === null || typeof value !== "object"
/** A number, or an amount in a string such as "23.40": what can be drawn over time. */
const isAmount = (value) => ["number", "bigint"].includes(typeof value) || (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) && value.length < 20)

export const blameButton = (found, onEvent) => el("button", {
  class: "blame", type: "button", title: `set by event ${found.event}`, onclick: () => onEvent?.(found.event),
}, `${found.event} `, stranger(found.type))

/**
 * `changes`: of the API. `blame`: Map from pointer to {event, type}. `identity`: of the lens. `onPin(pointer)`,
 * `onEvent(number)`.
 */
export function jsonView(value, { changes = [], blame = null, pins = [], identity = [], onPin = null, onEvent = null } = {}) {
  const changed = new Map(changes.filter((one) => one.kind !== "removed").map((one) => [one.pointer, one]))
  const removed = new Map()
  for (const one of changes.filter(({ kind }) => kind === "removed")) {
    const parent = one.pointer.slice(0, one.pointer.lastIndexOf("/"))
    removed.set(parent, [...(removed.get(parent) ?? []), one])
  }

  const blameOf = (pointer) => {
    const found = blame?.get(pointer)
    return !found || found.event === null ? null : blameButton(found, onEvent)
  }

  /** What an element of an array is called: by its key, where the lens names one. */
  const label = (array, index, inner) => {
    const member = identity.find((one) => one.array === array)?.member
    return member !== undefined && !isScalar(inner) && isScalar(inner[member]) && inner[member] !== undefined ? String(inner[member]) : String(index)
  }

  /** Small objects in an array fit in a line each. */
  const isFlat = (inner, pointer) => !blame && !isScalar(inner) && !Array.isArray(inner) && Object.keys(inner).length <= 6 &&
    Object.values(inner).every((one) => isScalar(one) && String(one).length <= 40) && !removed.has(pointer)

  const flat = (key, pointer, inner) => {
    const change = changed.get(pointer)
    return el("li", null, el("div", { class: `row flat${change ? ` ${change.kind}` : ""}`, "data-pointer": pointer },
      el("span", { class: "k" }, stranger(key)),
      Object.entries(inner).filter(([, one]) => one !== key).map(([name, one]) => parts(name, `${pointer}/${escapeSegment(name)}`, one, "span"))))
  }

  const row = (key, pointer, inner, inArray = false) => {
    if (inArray && isFlat(inner, pointer)) return flat(key, pointer, inner)
    const line = parts(key, pointer, inner, "div")
    return el("li", null, line, isScalar(inner) ? null : list(inner, pointer))
  }

  const parts = (key, pointer, inner, tag) => {
    const change = changed.get(pointer)
    const was = change && "before" in change && (change.before === null || typeof change.before !== "object")
      ? el("span", { class: "was" }, el("del", null, stranger(write(change.before).slice(0, 80))), " → ") : null
    const structured = inner !== null && typeof inner === "object"
    const pin = isAmount(inner) && onPin && el("button", {
      class: "pin", type: "button", title: pins.includes(pointer) ? "unpin" : "pin: show it over all events",
      "aria-pressed": String(pins.includes(pointer)), onclick: () => onPin(pointer),
    }, pins.includes(pointer) ? "◆" : "◇")
    const size = structured ? (Array.isArray(inner) ? `[${inner.length}]` : Object.keys(inner).length ? "" : "{}") : ""
    return el(tag, { class: `row${change ? ` ${change.kind}` : ""}`, "data-pointer": pointer },
      el("span", { class: "k" }, stranger(key)), structured ? el("span", { class: "size" }, size) : [was, scalar(inner)],
      pin, blameOf(pointer))
  }

  const list = (inner, pointer) => {
    const entries = Array.isArray(inner) ? inner.map((one, index) => [String(index), one]) : Object.entries(inner)
    const isArray = Array.isArray(inner)
    const items = entries.slice(0, mostElements).map(([key, one]) =>
      row(isArray ? label(pointer, key, one) : key, `${pointer}/${escapeSegment(key)}`, one, isArray))
    for (const one of removed.get(pointer) ?? []) {
      items.push(el("li", null, el("div", { class: "row removed" },
        el("span", { class: "k" }, stranger(one.path.slice(one.path.lastIndexOf("/") + 1))),
        el("del", null, stranger(write(one.before ?? null).slice(0, 160))))))
    }
    if (entries.length > mostElements) items.push(el("li", { class: "quiet" }, `… ${entries.length - mostElements} more`))
    return el("ul", { class: isArray ? "array" : "object" }, items)
  }

  if (value !== null && typeof value === "object") return el("div", { class: "json" }, list(value, ""))
  return el("div", { class: "json" }, el("div", { class: "row" }, scalar(value)))
}
