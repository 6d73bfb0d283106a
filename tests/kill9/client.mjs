import http from "node:http"

const ANSWER_DEADLINE_MS = 30_000

/** The connection broke, or was refused: what was asked for may have happened or not. */
export class NoAnswer extends Error {}

/** Plain HTTP to one life of the server: connections are not carried over to the next. */
export class Client {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 128 })

  constructor(port) {
    this.port = port
  }

  #open(method, path, headers, body) {
    // A body of several parts is sent chunked, one part at a time.
    const parts = Array.isArray(body) ? body : body === undefined ? [] : [Buffer.from(body)]
    const length = Array.isArray(body) ? {} : parts.length > 0 ? { "content-length": parts[0].length } : {}
    const empty = parts.length === 0 && method !== "GET" && method !== "HEAD" ? { "content-length": 0 } : {}
    const request = http.request({
      host: "127.0.0.1",
      port: this.port,
      agent: this.#agent,
      method,
      path,
      headers: { ...length, ...empty, ...headers },
    })
    for (const part of parts) request.write(part)
    request.end()
    return request
  }

  /** {status, headers, body}; throws NoAnswer. */
  send(method, path, { headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
      const request = this.#open(method, path, headers, body)
      const broke = (error) => reject(new NoAnswer(error.message))
      const timer = setTimeout(() => {
        reject(new Error(`no answer to ${method} ${path} within ${ANSWER_DEADLINE_MS} ms`))
        request.destroy()
      }, ANSWER_DEADLINE_MS)
      request.once("close", () => clearTimeout(timer))
      request.once("error", broke)
      request.once("response", (response) => {
        const parts = []
        response.on("data", (part) => parts.push(part))
        response.once("error", broke)
        response.once("aborted", () => broke(new Error("the response was cut off")))
        response.once("end", () => {
          if (!response.complete) broke(new Error("the response was cut off"))
          else resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) })
        })
      })
    })
  }

  /**
   * The events of an SSE response as they arrive: {type, data}; `refused` is called with {status} instead when there
   * is none. Throws NoAnswer when it breaks off.
   */
  async *events(path, refused) {
    const request = this.#open("GET", path, { accept: "text/event-stream" })
    const response = await new Promise((resolve, reject) => {
      request.once("response", resolve)
      request.once("error", (error) => reject(new NoAnswer(error.message)))
    })
    request.on("error", () => {})
    if (response.statusCode !== 200) {
      request.destroy()
      refused({ status: response.statusCode, headers: response.headers })
      return
    }
    response.setEncoding("utf8")
    let rest = ""
    try {
      for await (const text of response) {
        rest += text
        const blocks = rest.split("\n\n")
        rest = blocks.pop()
        for (const block of blocks) yield parseEvent(block)
      }
    } catch (error) {
      throw new NoAnswer(error.message)
    } finally {
      request.destroy()
    }
  }

  close() {
    this.#agent.destroy()
  }
}

function parseEvent(block) {
  let type = "message"
  const data = []
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":")
    if (colon <= 0) continue
    const value = line.slice(colon + 1).replace(/^ /, "")
    if (line.startsWith("event:")) type = value
    else if (line.startsWith("data:")) data.push(value)
  }
  return { type, data: data.join("\n") }
}
