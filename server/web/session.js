// Who asks. Where there is an access file the server wants a token; it is kept for this tab only.

import { openDialog } from "./dialogs.js"
import { el, stranger } from "./dom.js"

const kept = "foldback-token"
let entering = null

/** One dialog, however many questions wait for it. */
function enter(problem) {
  entering ??= new Promise((resolve) => {
    const input = el("input", { type: "password", "aria-label": "Token", required: true, maxlength: "8192", autocomplete: "off", autofocus: true })
    const dialog = openDialog("session", "Sign in", el("p", null, "This server asks who you are. The token is kept for this tab only."), el("form", { onsubmit: (event) => {
      event.preventDefault()
      sessionStorage.setItem(kept, input.value.trim())
      dialog.close()
    } }, input, el("button", { class: "primary" }, "Sign in")), el("p", { class: "problem", role: "alert" }, problem))
    dialog.addEventListener("close", resolve)
  }).then(() => { entering = null })
  return entering
}

/** As fetch, with the token there is; asks for one where it is needed. */
export async function request(address, options = {}) {
  for (;;) {
    const token = sessionStorage.getItem(kept)
    const headers = token === null ? options.headers : { ...options.headers, authorization: `Bearer ${token}` }
    const response = await fetch(address, { ...options, headers }).catch((error) => {
      throw error.name === "AbortError" ? error : new Error(`No answer from ${location.host}: is the program still running? What is shown is what it last said.`)
    })
    const isForOthers = response.status === 403 && token !== null && address.startsWith("/debug/")
    if (response.status !== 401 && !isForOthers) return response
    // Another question may have got a new one meanwhile.
    if (sessionStorage.getItem(kept) !== token) continue
    await enter(isForOthers ? "This token may not use the debugger." : token === null ? "" : "This token is not valid any more.")
    if (sessionStorage.getItem(kept) === token) return response
  }
}

/** A link to a file. A browser that follows one sends no token. */
export const fileLink = (address, name, label) => el("a", { href: address, download: name, onclick: async (event) => {
  if (sessionStorage.getItem(kept) === null) return
  event.preventDefault()
  const here = event.currentTarget
  const response = await request(address)
  if (!response.ok) {
    const problem = await response.json().catch(() => null)
    return here.replaceWith(el("span", { class: "problem", role: "alert" }, stranger(problem?.detail ?? `the server answered ${response.status}`)))
  }
  const file = URL.createObjectURL(await response.blob())
  const link = el("a", { href: file, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(file), 60_000)
} }, label)
