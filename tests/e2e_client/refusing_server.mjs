import http from "node:http"

/**
 * A server of streams without content that refuses the first requests for each, as its path says:
 * /<status>/<Retry-After, or "date" for the date two seconds from now>/<how many requests>/<name>. A stream's tail is the
 * number of requests that it has had.
 */
export class RefusingServer {
  #server
  #counts = new Map()

  static async start() {
    const refusing = new RefusingServer()
    refusing.#server = http.createServer((request, response) => refusing.#answer(request, response))
    await new Promise((resolve) => refusing.#server.listen(0, "127.0.0.1", resolve))
    return refusing
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`
  }

  #answer(request, response) {
    request.resume()
    const { pathname } = new URL(request.url, "http://server")
    const [, status, retryAfter, refused] = pathname.split("/")
    const count = this.#counts.get(pathname) ?? 0
    this.#counts.set(pathname, count + 1)
    if (count < Number(refused)) {
      // HTTP dates have whole seconds: two of them are at least one.
      const when = retryAfter === "date" ? new Date(Date.now() + 2_000).toUTCString() : retryAfter
      response.writeHead(Number(status), { "retry-after": when }).end()
    } else {
      response.writeHead(request.method === "POST" ? 204 : 200, { "stream-next-offset": String(count), "content-type": "text/plain" })
      response.end()
    }
  }

  stop() {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
