// Those who use the nodes.

import { setTimeout as pause } from "node:timers/promises"

const json = { "content-type": "application/json" }

export async function head(node, stream) {
  const answer = await fetch(node.streamUrl(stream), { method: "HEAD" })
  if (answer.status !== 200) throw new Error(`HEAD of ${stream} was answered ${answer.status}`)
  return answer.headers.get("stream-next-offset")
}

export async function read(node, stream) {
  const answer = await fetch(node.streamUrl(stream))
  if (answer.status !== 200) throw new Error(`a read of ${stream} was answered ${answer.status}`)
  return answer.json()
}

/** All messages, page by page. */
export async function readAll(node, stream, url = node.streamUrl(stream)) {
  const all = []
  for (let offset = "-1"; ; ) {
    const answer = await fetch(`${url}?offset=${offset}`)
    if (answer.status !== 200) throw new Error(`a read of ${url} was answered ${answer.status}`)
    all.push(...(await answer.json()))
    offset = answer.headers.get("stream-next-offset")
    if (answer.headers.get("stream-up-to-date") === "true") return all
  }
}

/** An idempotent producer that asks any node, and asks again until it is told that its message is there. */
export class Writer {
  acknowledged = []
  #stopped = false

  constructor(name, stream, nodes, random) {
    Object.assign(this, { name, stream, nodes, random })
  }

  stop() {
    this.#stopped = true
  }

  /** One try: the status, or 0 without an answer. */
  append(message, headers = {}) {
    const url = this.random.pick(this.nodes).streamUrl(this.stream)
    const body = JSON.stringify(message)
    const request = { method: "POST", headers: { ...json, ...headers }, body, signal: AbortSignal.timeout(20_000) }
    return fetch(url, request).then(
      (answer) => answer.status,
      () => 0,
    )
  }

  async run() {
    for (let n = 0; ; ) {
      const headers = { "producer-id": this.name, "producer-epoch": "0", "producer-seq": String(n) }
      const status = await this.append({ by: this.name, n, pad: "x".repeat(this.random.integer(0, 8000)) }, headers)
      if (status === 200 || status === 204) {
        this.acknowledged.push(n++)
      } else if (status !== 0 && status < 500) {
        throw new Error(`${this.name} was refused: ${status}`)
      } else if (this.#stopped) {
        return
      } else {
        await pause(20)
      }
      if (this.#stopped && (status === 200 || status === 204)) return
    }
  }
}
