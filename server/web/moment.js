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
    pins: parameters.getAll("pin"),
  }
}

export function writeMoment({ stream, at, lens, build, pins }) {
  const parameters = new URLSearchParams()
  if (at !== null && at !== undefined) parameters.set("at", String(at))
  if (lens) parameters.set("lens", lens)
  if (build) parameters.set("build", build)
  for (const pin of pins ?? []) parameters.append("pin", pin)
  const path = stream.split("/").map(encodeURIComponent).join("/")
  const text = parameters.toString()
  return `#/${path}${text ? `?${text}` : ""}`
}
