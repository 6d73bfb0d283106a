// Following a stream: one event source for the tab, and none while nobody looks.

export class Follower {
  #source = null
  #wanted = null
  #due = 0

  /** `onGrown` is called when there are new events, at most five times a second. */
  constructor({ prefix, onGrown }) {
    this.prefix = prefix
    this.onGrown = onGrown
    document.addEventListener("visibilitychange", () => this.#connect())
  }

  /** Follows this stream and no other; null: none. */
  follow(stream) {
    if (stream === this.#wanted) return
    this.#wanted = stream
    this.#connect()
  }

  #connect() {
    this.#source?.close()
    this.#source = null
    if (!this.#wanted || document.hidden) return
    const path = this.#wanted.split("/").map(encodeURIComponent).join("/")
    this.#source = new EventSource(`${this.prefix}${path}?offset=now&live=sse`)
    // What came between two connections has not been told.
    this.#source.addEventListener("open", () => this.#grown())
    this.#source.addEventListener("data", () => this.#grown())
  }

  #grown() {
    if (this.#due) return
    this.#due = setTimeout(() => {
      this.#due = 0
      if (this.#source) this.onGrown()
    }, 100)
  }
}
