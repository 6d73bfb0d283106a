import net from "node:net"

const MOST_RECORDED_BYTES = 256 * 1024

/**
 * A TCP proxy that cuts. Each connection gets a budget of bytes, drawn at random, in one direction; when it is spent
 * the part up to there is passed on and both sides are cut off. So a cut falls anywhere: in a request's head, in its
 * body, after it, in the response's head or body. With `delayMs` half of the connections pass each piece on up to so much
 * later, so that what was sent on one overtakes what was sent on another.
 *
 * Two more things happen to so many connections as the probabilities say, within `lateMs` of their end:
 * `duplicates`: everything that they carried to the server reaches it a second time, on a connection of its own;
 * `stragglers`: the client is cut off, and what it sent last reaches the server when it has long sent something newer.
 */
export class CuttingProxy {
  cuts = { request: 0, response: 0 }
  duplicated = 0
  straggled = 0
  cutting = true
  #server
  #options
  #sockets = new Set()

  static async start({ test, ...options }) {
    const proxy = new CuttingProxy()
    proxy.#options = { requestBytes: 12_000, responseBytes: 1_500, delayMs: 0, duplicates: 0, stragglers: 0, lateMs: 100, ...options }
    proxy.#server = net.createServer((client) => proxy.#connect(client))
    await new Promise((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve))
    test.after(() => proxy.stop())
    return proxy
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`
  }

  #connect(client) {
    const { random, requestBytes, responseBytes, delayMs, duplicates, stragglers } = this.#options
    const server = this.#toServer()
    const inRequest = random.chance(0.5)
    const budget = {
      request: inRequest ? random.integer(0, requestBytes) : Infinity,
      response: inRequest ? Infinity : random.integer(0, responseBytes),
    }
    const abruptly = random.chance(0.5)
    const isSlow = delayMs > 0 && random.chance(0.5)
    const straggles = random.chance(stragglers)
    if (random.chance(duplicates)) this.#duplicate(client)

    const end = () => {
      for (const socket of [client, server]) {
        if (abruptly) socket.resetAndDestroy()
        else socket.destroy()
      }
    }
    const pass = (from, to, direction) => {
      from.on("data", (bytes) => {
        if (this.cutting && bytes.length > budget[direction]) {
          this.cuts[direction] += 1
          from.pause()
          if (direction === "request" && straggles) this.#straggle(client, server, bytes)
          else to.write(bytes.subarray(0, budget[direction]), end)
          return
        }
        budget[direction] -= bytes.length
        const write = () => {
          if (to.write(bytes)) from.resume()
          else to.once("drain", () => from.resume())
        }
        from.pause()
        if (isSlow) setTimeout(write, random.real() * delayMs)
        else write()
      })
      from.on("error", end)
      from.on("close", () => to.destroy())
      this.#sockets.add(from)
      from.on("close", () => this.#sockets.delete(from))
    }
    pass(client, server, "request")
    pass(server, client, "response")
  }

  #toServer() {
    return net.connect(this.#options.targetPort, "127.0.0.1")
  }

  /** Sends to the server what nobody waits for the answer of. */
  #sendUnasked(socket, bytes) {
    this.#sockets.add(socket)
    socket.on("close", () => this.#sockets.delete(socket))
    socket.on("error", () => {})
    socket.on("data", () => {})
    socket.setTimeout(500, () => socket.destroy())
    socket.write(bytes)
  }

  #later(action) {
    setTimeout(action, this.#options.random.real() * this.#options.lateMs).unref()
  }

  #duplicate(client) {
    const pieces = []
    let size = 0
    client.on("data", (bytes) => {
      size += bytes.length
      if (size <= MOST_RECORDED_BYTES) pieces.push(bytes)
    })
    client.on("close", () => {
      if (pieces.length === 0) return
      this.duplicated += 1
      this.#later(() => this.#sendUnasked(this.#toServer(), Buffer.concat(pieces)))
    })
  }

  #straggle(client, server, bytes) {
    this.straggled += 1
    for (const event of ["data", "error", "close"]) {
      client.removeAllListeners(event)
      server.removeAllListeners(event)
    }
    client.on("error", () => {})
    server.on("error", () => {})
    this.#sockets.delete(client)
    client.destroy()
    this.#later(() => this.#sendUnasked(server, bytes))
  }

  stop() {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}
