// Following a stream: one connection for the tab, and none while nobody looks.

import { request } from "./session.js"

const pauseMs = 1000 // between two connections

export class Follower {
  #connection = null
  #wanted = null
  #due = 0

  /** `onGrown` is called when there are new events, at most five times a second; `onStatus` with "live", "reconnecting" or "ended". */
  constructor({ prefix, onGrown, onStatus }) {
    this.prefix = prefix
    this.onGrown = onGrown
    this.onStatus = onStatus
    document.addEventListener("visibilitychange", () => this.#connect())
  }

  /** Follows this stream and no other; null: none. */
  follow(stream) {
    if (stream === this.#wanted) return
    this.#wanted = stream
    this.#connect()
  }

  #connect() {
    this.#connection?.abort()
    this.#connection = null
    this.onStatus("live")
    if (this.#wanted && !document.hidden) this.#listen((this.#connection = new AbortController()), this.#wanted)
  }

  /** An EventSource would send no token. That there are events is enough: what is new is asked for. */
  async #listen(connection, stream) {
    const address = `${this.prefix}${stream.split("/").map(encodeURIComponent).join("/")}?offset=now&live=sse`
    const options = { signal: connection.signal, headers: { accept: "text/event-stream" } }
    const say = (status) => connection.signal.aborted || this.onStatus(status)
    while (!connection.signal.aborted) {
      try {
        const response = await request(address, options)
        if (response.status < 500 && !response.ok) return say("ended")
        if (!response.ok) throw new Error(`the server answered ${response.status}`)
        say("live")
        // What came between two connections has not been told.
        this.#grown(connection)
        if (await this.#readUntilEnd(response.body, connection)) return say("ended")
      } catch {
        if (connection.signal.aborted) return
        say("reconnecting")
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }

  /** Whether nothing more will ever come. */
  async #readUntilEnd(body, connection) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader()
    let type = ""
    let closed = false
    let line = ""
    for (let part; !(part = await reader.read()).done;) {
      const lines = (line + part.value).split(/\r?\n/)
      line = lines.pop()
      for (const one of lines) {
        if (one.startsWith("event:")) type = one.slice(6).trim()
        if (one.startsWith("data:") && type === "control") closed ||= JSON.parse(one.slice(5)).streamClosed === true
        if (one === "event: data") this.#grown(connection)
      }
    }
    return closed
  }

  #grown(connection) {
    if (this.#due) return
    this.#due = setTimeout(() => {
      this.#due = 0
      if (!connection.signal.aborted) this.onGrown()
    }, 100)
  }
}
