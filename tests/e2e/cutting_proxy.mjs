import net from "node:net"

/**
 * A TCP proxy that cuts. Each connection gets a budget of bytes, drawn at random, in one direction; when it is spent
 * the part up to there is passed on and both sides are cut off. So a cut falls anywhere: in a request's head, in its
 * body, after it, in the response's head or body. With `delayMs` half of the connections pass each piece on up to so much
 * later, so that what was sent on one overtakes what was sent on another.
 */
export class CuttingProxy {
  cuts = { request: 0, response: 0 }
  cutting = true
  #server
  #sockets = new Set()

  static async start({ targetPort, random, requestBytes = 12_000, responseBytes = 1_500, delayMs = 0, test }) {
    const proxy = new CuttingProxy()
    proxy.#server = net.createServer((client) => proxy.#connect(client, targetPort, random, requestBytes, responseBytes, delayMs))
    await new Promise((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve))
    test.after(() => proxy.stop())
    return proxy
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`
  }

  #connect(client, targetPort, random, requestBytes, responseBytes, delayMs) {
    const server = net.connect(targetPort, "127.0.0.1")
    const inRequest = random.chance(0.5)
    const budget = {
      request: inRequest ? random.integer(0, requestBytes) : Infinity,
      response: inRequest ? Infinity : random.integer(0, responseBytes),
    }
    const abruptly = random.chance(0.5)
    const isSlow = delayMs > 0 && random.chance(0.5)

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
          to.write(bytes.subarray(0, budget[direction]), end)
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

  stop() {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}
