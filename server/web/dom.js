// Making elements. Text goes in as text and never as HTML: what comes from a stream cannot become markup.

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else if (name === "class") node.setAttribute("class", value)
    else if (name in node && typeof value !== "string") node[name] = value
    else node.setAttribute(name, value === true ? "" : String(value))
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false))
  return node
}

/** An element; children are nodes, or strings that become text. */
export const el = (tag, properties, ...children) => fill(document.createElement(tag), properties, children)

export function svg(tag, properties, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else node.setAttribute(name, String(value))
  }
  node.append(...children)
  return node
}

const shapes = {
  first: "M4 3v10M13 3l-6 5 6 5z", back: "M10.5 3 5 8l5.500 5", play: "M5 3l8 5-8 5z", stop: "M5.500 3v10M10.500 3v10",
  on: "M5.500 3 11 8l-5.500 5", last: "M12 3v10M3 3l6 5-6 5z", theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
}
export const icon = (name) => svg("svg", { class: `icon ${name}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: shapes[name] }))

/** Text of a stranger: it cannot change the direction of what stands around it. */
export const stranger = (text, properties) => el("bdi", properties, visible(text))

// Marks that reorder or hide text are shown by their number.
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g
export const visible = (text) =>
  String(text).replace(invisible, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** What a control is called: after its place in a state or a list, else after what it says. */
function nameOf(control) {
  const place = control.closest("[data-pointer], [data-number]")
  const here = place ? `${place.dataset.pointer ?? place.dataset.number}` : control.title || control.textContent
  return [control.tagName, control.classList[0], here].join("\n")
}

/** Draws what is in a node anew. The control that had the focus has it again, or the one that stands where it stood. */
export function redraw(node, draw) {
  const had = document.activeElement
  if (had === node || !node.contains(had)) return draw()
  const controls = () => [...node.querySelectorAll("button, a, input, select, summary, [tabindex]")]
  const [index, name] = [controls().indexOf(had), nameOf(had)]
  draw()
  const now = controls()
  const again = now.find((one) => nameOf(one) === name) ?? now[Math.min(index, now.length - 1)]
  again?.focus({ preventScroll: true })
}

export const replace = (node, ...children) => redraw(node, () => node.replaceChildren(...children.flat(Infinity).filter(Boolean)))

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`

/** 2026-11-23T09:14:07.221Z as 09:14:07.221Z, or with its date: always UTC, and said to be so. */
export function clock(time, { date = false } = {}) {
  if (!time) return ""
  const [day, rest] = time.split("T")
  return `${date ? `${day} ` : ""}${rest}`
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** The same as 23 Nov 09:14:07, for lists: UTC. */
export function dayAndTime(time) {
  if (!time) return ""
  const [day, rest] = time.split("T")
  const [, month, date] = day.split("-").map(Number)
  return `${date} ${months[month - 1]} ${rest.slice(0, 8)}`
}

/** 93 s as 1 min 33 s: the two greatest units. */
export function duration(milliseconds) {
  const units = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1000], ["ms", 1]]
  const first = units.findIndex(([, length]) => milliseconds >= length)
  if (first < 0) return "0 s"
  const [name, length] = units[first]
  const text = `${Math.floor(milliseconds / length)} ${name}`
  const next = units[first + 1]
  const rest = next ? Math.floor((milliseconds % length) / next[1]) : 0
  return rest > 0 ? `${text} ${rest} ${next[0]}` : text
}
