import net from "node:net"

const BODIES = { data: "5\r\n[1,2]\r\n0\r\n\r\n", nothing: "0\r\n\r\n" }

/**
 * A server whose answers come in pieces: /<data or nothing>/<how many bytes of the chunked body come with the head>; the
 * rest of the body comes byte by byte.
 */
export class DrippingServer {
  #server

  static async start() {
    const dripping = new DrippingServer()
    dripping.#server = net.createServer((socket) => {
      socket.setNoDelay(true)
      socket.on("error", () => {})
      socket.on("data", (request) => dripping.#answer(socket, request.toString("latin1")))
    })
    await new Promise((resolve) => dripping.#server.listen(0, "127.0.0.1", resolve))
    return dripping
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`
  }

  #answer(socket, request) {
    const [, kind, count] = /^GET \/(\w+)\/(\d+)/.exec(request)
    const body = BODIES[kind]
    let sent = Number(count)
    const type = kind === "data" ? "application/json" : "text/plain"
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nStream-Next-Offset: 2\r\nStream-Up-To-Date: true\r\n` +
      `Transfer-Encoding: chunked\r\n\r\n${body.slice(0, sent)}`)
    const drip = () => {
      if (sent >= body.length || socket.destroyed) return
      socket.write(body[sent])
      sent += 1
      setTimeout(drip, 2)
    }
    setTimeout(drip, 2)
  }

  stop() {
    this.#server.close()
  }
}
