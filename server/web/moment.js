// The URL is the moment: #/orders/42?at=17&lens=orders&build=8c1e2f. Without `at` it is the tail, wherever that moves.

export function readMoment(hash = location.hash) {
  const [path, text] = hash.replace(/^#\/?/, "").split("?")
  const parameters = new URLSearchParams(text ?? "")
  const at = parameters.get("at")
  let stream = ""
  try {
    stream = decodeURIComponent(path)
  } catch {
    stream = ""
  }
  return {
    stream,
    at: at === null || at === "" ? null : at,
    lens: parameters.get("lens") ?? "",
    build: parameters.get("build") ?? "",
    since: parameters.get("since") ?? "",
    pins: parameters.getAll("pin"),
  }
}

export function writeMoment({ stream, at, lens, build, since, pins }) {
  const parameters = new URLSearchParams()
  if (at !== null && at !== undefined) parameters.set("at", String(at))
  if (lens) parameters.set("lens", lens)
  if (build) parameters.set("build", build)
  if (since) parameters.set("since", since)
  for (const pin of pins ?? []) parameters.append("pin", pin)
  const path = stream.split("/").map(encodeURIComponent).join("/")
  const text = parameters.toString()
  return `#/${path}${text ? `?${text}` : ""}`
}

// Browsers refuse to rewrite the URL more than about twenty times a second, which scrubbing would.
const pause = 100
let last = 0
let waiting = 0

/** A moment to which the browser goes back. */
export function pushMoment(moment) {
  clearTimeout(waiting)
  waiting = 0
  history.pushState(null, "", writeMoment(moment))
}

/** The same place in the browser's history, soon. */
export function replaceMoment(moment) {
  clearTimeout(waiting)
  const write = () => {
    waiting = 0
    last = performance.now()
    history.replaceState(null, "", writeMoment(moment))
  }
  const rest = last + pause - performance.now()
  if (rest <= 0) write()
  else waiting = setTimeout(write, rest)
}
