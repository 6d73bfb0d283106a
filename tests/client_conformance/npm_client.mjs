// The official TypeScript client from npm under the same commands as our adapter.

import { DurableStream, IdempotentProducer, StaleEpochError, stream } from "@durable-streams/client"

/** What that client cannot be asked for, by the name of the scenario. */
export const notForNpmClient = {
  "options that make no sense are refused": "it has no options of these names",
}

/** The suite's name of an error; the client has the status and headers of most. */
function codeOf(command, { status, headers = {}, code }) {
  if (status === 404) return "NOT_FOUND"
  if (status === 400 && command.type === "read") return "INVALID_OFFSET"
  if (status === 409 && (code === "STREAM_CLOSED" || headers["stream-closed"] === "true")) return "STREAM_CLOSED"
  if (status === 409) return command.type === "create" ? "CONFLICT" : "SEQUENCE_CONFLICT"
  return code ?? "UNKNOWN"
}

function failure(command, error) {
  const status = error.status ?? (error instanceof StaleEpochError ? 403 : undefined)
  return { type: "error", success: false, status, errorCode: codeOf(command, { ...error, status, headers: error.headers }), message: error.message }
}

export class NpmClient {
  #url
  #dynamic = {}
  #sent = {}
  #status
  #producers = new Map()

  /** One command, one result. */
  async send(command) {
    try {
      const result = await this.#commands[command.type].call(this, command)
      return { type: command.type, success: true, status: 200, ...result }
    } catch (error) {
      return failure(command, error)
    }
  }

  end() {}

  #handle({ path, contentType }) {
    return new DurableStream({ ...this.#options(path), contentType })
  }

  #options(path) {
    return { url: this.#url + path, headers: this.#dynamic, fetch: (...request) => this.#fetch(...request), warnOnHttp: false }
  }

  /** Remembers what the client does not tell: the status, and the headers that it sent. */
  async #fetch(url, init) {
    this.#sent = Object.fromEntries(new Headers(init?.headers))
    const response = await fetch(url, init)
    this.#status = response.status
    return response
  }

  async #head({ path }) {
    const head = await DurableStream.head({ url: this.#url + path, warnOnHttp: false })
    if (!head.exists) throw Object.assign(new Error("there is no such stream"), { status: 404 })
    return head
  }

  /** A handle that knows the stream's type, as appends need it. */
  async #opened(command) {
    const { contentType } = await this.#head(command)
    return this.#handle({ ...command, contentType })
  }

  /** The producer goes on from command to command: a new one with the same epoch would be taken for the old one's past. */
  async #produce(command, work) {
    const { path, producerId, epoch, autoClaim, maxInFlight } = command
    const name = `${path} ${producerId} ${epoch}`
    if (!this.#producers.has(name)) {
      const made = { failed: undefined }
      const onError = (error) => (made.failed ??= error)
      made.producer = new IdempotentProducer(await this.#opened(command), producerId, { epoch, autoClaim, maxInFlight, lingerMs: 0, onError })
      this.#producers.set(name, made)
    }
    const made = this.#producers.get(name)
    await work(made.producer)
    await made.producer.flush()
    if (made.failed) throw made.failed
  }

  async #read({ path, offset, live = false, maxChunks = Infinity, timeoutMs = 5000 }) {
    const response = await stream({ ...this.#options(path), offset, live, signal: AbortSignal.timeout(timeoutMs) })
    const isJson = response.contentType?.includes("json")
    const chunks = live ? await this.#follow(response, isJson, maxChunks) : [await (isJson ? response.json() : response.text())]
    const data = chunks.map((chunk) => (isJson ? (chunk.length === 0 ? "" : JSON.stringify(chunk)) : chunk)).join("")
    return { data, offset: response.offset, upToDate: response.upToDate, streamClosed: response.streamClosed }
  }

  /** What comes until there are so many chunks, or the stream ends. */
  #follow(response, isJson, maxChunks) {
    return new Promise((resolve, reject) => {
      const chunks = []
      const take = (chunk, { streamClosed }) => {
        if (chunk.length !== 0) chunks.push(chunk)
        if (chunks.length < maxChunks && !streamClosed) return
        resolve(chunks)
        response.cancel()
      }
      response.closed.catch(reject)
      if (isJson) response.subscribeJson((batch) => take(batch.items, batch))
      else response.subscribeBytes((chunk) => take(Buffer.from(chunk.data).toString(), chunk))
    })
  }

  #commands = {
    init: ({ serverUrl }) => void (this.#url = serverUrl),
    create: async (command) => {
      await this.#handle(command).create()
      return { status: this.#status }
    },
    append: async (command) => {
      const handle = await this.#opened(command)
      await handle.append(command.data, { seq: command.seq === undefined ? undefined : String(command.seq) })
      const headersSent = Object.fromEntries(Object.keys(this.#dynamic).map((name) => [name, this.#sent[name]]))
      const { offset } = await this.#head(command)
      return { offset, headersSent }
    },
    read: (command) => this.#read(command),
    head: (command) => this.#head(command),
    close: async (command) => {
      const handle = await this.#opened(command)
      await handle.close({ body: command.data })
    },
    delete: (command) => this.#handle(command).delete(),
    "idempotent-append": (command) => this.#produce(command, (producer) => producer.append(command.data)),
    "idempotent-append-batch": (command) => this.#produce(command, (producer) => command.items.forEach((item) => producer.append(item))),
    "idempotent-close": (command) => this.#produce(command, (producer) => producer.close(command.data)),
    "set-dynamic-header": ({ name }) => {
      let count = 0
      this.#dynamic = { ...this.#dynamic, [name]: () => String(++count) }
    },
    "clear-dynamic": () => void (this.#dynamic = {}),
  }
}
