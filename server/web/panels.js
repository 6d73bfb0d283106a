// The state at the moment, and the event that led there.

import { clock, el, replace, stranger, visible } from "./dom.js"
import { jsonView } from "./json_view.js"
import { query } from "./api.js"

const shortest = (value) => {
  const text = JSON.stringify(value)
  return text === undefined ? "" : text.length > 90 ? `${text.slice(0, 90)}…` : text
}

export function changeList(changes) {
  if (changes.length === 0) return el("p", { class: "quiet" }, "Nothing changed.")
  const sign = { added: "+", removed: "−", changed: "~", more: "…" }
  return el("table", { class: "changes" }, el("tbody", null, changes.slice(0, 300).map((one) =>
    el("tr", { class: one.kind }, el("td", { class: "sign" }, sign[one.kind] ?? "?"),
      el("td", { class: "path" }, stranger(one.path || "(the state)")),
      el("td", null, "before" in one && el("del", null, stranger(shortest(one.before))),
        "before" in one && "after" in one && " → ", "after" in one && el("ins", null, stranger(shortest(one.after))))))))
}

export function invariantList(invariants) {
  if (invariants.length === 0) return null
  return el("ul", { class: "invariants" }, invariants.map(({ name, holds }) =>
    el("li", { class: holds ? "ok" : "broken" }, holds ? "✓ " : "✗ ", stranger(name))))
}

/** `view`: "tree" or "diff". */
export function statePanel(node, answer, { view, onView, blame, onBlame, pins, onPin, onEvent }) {
  const tab = (name, label) => el("button", {
    type: "button", role: "tab", "aria-selected": String(view === name), onclick: () => onView(name),
  }, label)
  const empty = answer.lens.name === "raw" && answer.state === null
  replace(node,
    el("header", null, el("h2", null, "State"), el("span", { class: "quiet" }, `after event ${answer.moment}`),
      el("span", { class: "tabs", role: "tablist" }, tab("tree", "tree"), tab("diff", `changes ${answer.changes.length}`),
        el("button", { type: "button", "aria-pressed": String(blame !== null), onclick: onBlame, title: "which event set it (b)" },
          "blame"))),
    invariantList(answer.invariants),
    view === "diff" ? changeList(answer.changes)
      : jsonView(answer.state, { changes: answer.changes, blame, pins, onPin, onEvent }),
    empty && el("div", { class: "lesson" }, el("p", null, "This lens shows messages only. A state needs a reducer: one line in your service,"),
      el("pre", null, `registry.add<Order>("${visible(answer.stream.split("/")[0])}");`),
      el("p", null, "or one of the built-in lenses above.")),
  )
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

function understoodAsStored({ stored, current, type, version }) {
  if (current.length !== 1 || current[0].type !== type || current[0].version !== version) return false
  try {
    return JSON.stringify(JSON.parse(stored).data) === JSON.stringify(current[0].data)
  } catch {
    return false
  }
}

const longestShown = 20_000

function source(text) {
  const shown = visible(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text)
  return el("pre", { class: "source" }, el("bdi", null, shown))
}

export function eventPanel(node, answer, { onLinks, onEdit, onInsert }) {
  const { event } = answer
  if (!event) {
    replace(node, el("header", null, el("h2", null, "Event")), el("p", { class: "quiet" }, "Before the first event."))
    return
  }
  const fact = (name, value) => value && [el("dt", null, name), el("dd", null, stranger(value))]
  const parameters = { stream: answer.stream, lens: answer.lens.name, at: answer.moment }
  replace(node,
    el("header", null, el("h2", null, `Event ${event.number}`), stranger(event.type || "(no type)", { class: "type" }),
      event.version > 1 && el("span", { class: "quiet" }, `v${event.version}`)),
    event.problem && el("p", { class: "problem" }, "Not decoded, so it changed nothing: ", stranger(event.problem)),
    el("h3", null, "as stored"), source(pretty(event.stored)),
    understoodAsStored(event) ? el("p", { class: "quiet same" }, "It is understood today as it is stored.")
      : event.current.length > 0 && [el("h3", null, "as understood today"), event.current.map((one) =>
      source(JSON.stringify(one, null, 2)))],
    el("dl", null, fact("committed", clock(event.committed_at, { date: true })),
      fact("says", clock(event.timestamp, { date: true })), fact("id", event.id), fact("actor", event.metadata.actor),
      fact("command", event.metadata.command), fact("causation", event.metadata.causation),
      fact("correlation", event.metadata.correlation), fact("offset", String(event.offset)),
      fact("position", String(event.position))),
    el("p", { class: "actions" },
      el("button", { type: "button", onclick: onLinks }, "Causes and effects"),
      el("button", { type: "button", onclick: onEdit, title: "what if it had been another (e)" }, "Edit"),
      el("button", { type: "button", onclick: onInsert, title: "what if there had been one more (i)" }, "Insert before"),
      el("a", { href: `/debug/api/export?${query({ ...parameters, as: "doctest" })}`, download: "history_test.cpp" }, "Export test"),
      el("a", { href: `/debug/api/export?${query({ ...parameters, as: "ndjson" })}`, download: "events.ndjson" }, "Export events")),
    el("div", { class: "links" }),
  )
}

export function linkList(node, answer, onLink) {
  const names = { cause: "caused by", effect: "led to", together: "same conversation", this: "this event" }
  const rows = answer.links.map((one) => el("li", { class: one.relation }, el("span", { class: "quiet" }, names[one.relation]), " ",
    el("button", { type: "button", onclick: () => onLink(one) }, stranger(one.type || "(no type)")), " ",
    stranger(one.stream, { class: "quiet" }), ` ${one.event} · ${clock(one.committed_at)}`))
  replace(node, el("h3", null, "causes and effects"),
    rows.length > 1 ? el("ul", null, rows) : el("p", { class: "quiet" }, "No event is linked by causation or correlation."),
    !answer.complete && el("p", { class: "quiet" }, "Only the events stored near this one were looked at."))
}
