// The fewest events that break an invariant, and a test made of them.

import { ask, exportUrl } from "./api.js"
import { count, el, replace, stranger } from "./dom.js"
import { fileLink } from "./session.js"

/** `onEvent(number)`. Failures are told in the node. */
export async function showShrunk(node, { stream, lens }, invariant, onEvent) {
  replace(node, el("p", { class: "quiet" }, "Looking…"))
  try {
    const { kept, candidates, minimal } = await ask("shrink", { stream, lens: lens.name, keep: invariant })
    const events = kept.map(({ number }) => number).join(",")
    replace(node,
      el("p", null, `${kept.length} of ${count(candidates, "event")} ${kept.length === 1 ? "is" : "are"} enough${minimal ? "" : ", perhaps fewer"}:`),
      el("p", { class: "actions" }, kept.slice(0, 50).map((one) => el("button", { type: "button", onclick: () => onEvent(one.number) },
        `${one.number} `, stranger(one.type))), kept.length > 50 && el("span", { class: "quiet" }, "…"),
      fileLink(exportUrl({ stream, lens: lens.name, events, as: "doctest" }), "history_test.cpp", "Export them as a test")))
  } catch (error) {
    replace(node, el("p", { class: "problem" }, stranger(error.message)))
  }
}
