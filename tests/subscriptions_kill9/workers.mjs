// Receivers of webhooks and workers that claim wakes: reliable ones and others.

import { createPublicKey, verify } from "node:crypto"
import http from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import { ask } from "./http.mjs"

/** What a worker says when it has processed a wake. */
function done(wake) {
  return {
    wake_id: wake.wake_id,
    generation: wake.generation,
    acks: wake.streams.map(({ path, tail_offset: offset }) => ({ stream: path, offset })),
    done: true,
  }
}

export class WebhookReceiver {
  generation = 0
  wakes = 0
  problems = []

  constructor(port, handled, random, jwks) {
    this.port = port
    this.handled = handled
    this.random = random
    this.jwks = jwks
    this.reliable = false
  }

  async listen() {
    this.server = http.createServer((request, response) => {
      const parts = []
      request.on("data", (part) => parts.push(part))
      request.on("end", () => this.#receive(request, Buffer.concat(parts).toString(), response))
    })
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve))
    return `http://127.0.0.1:${this.server.address().port}/`
  }

  close() {
    this.server.closeAllConnections()
    this.server.close()
  }

  #verify(signature, body) {
    const [, time, kid, value] = signature?.match(/^t=(\d+),kid=([^,]+),ed25519=([\w-]+)$/) ?? []
    const key = this.jwks.keys.find((candidate) => candidate.kid === kid)
    const good =
      key &&
      verify(null, Buffer.from(`${time}.${body}`), createPublicKey({ key, format: "jwk" }), Buffer.from(value, "base64url"))
    if (!good) this.problems.push(`the signature ${signature} does not match the first keys of the server`)
  }

  async #receive(request, body, response) {
    this.#verify(request.headers["webhook-signature"], body)
    const wake = JSON.parse(body)
    this.wakes += 1
    if (wake.generation < this.generation) this.problems.push(`generation ${wake.generation} came after ${this.generation}`)
    this.generation = Math.max(this.generation, wake.generation)
    const way = this.reliable ? 0 : this.random.integer(0, 19)
    const answer = (status, text) => {
      response.writeHead(status, { "content-type": "application/json" })
      response.end(text)
    }
    if (way === 19) return answer(500, "{}")
    if (way === 18) return pause(this.random.integer(0, 300)).then(() => response.destroy())
    const processed = await this.handled.process(this.port, wake).catch((error) => this.problems.push(error.message))
    if (processed !== true) return answer(503, "{}")
    if (way < 10) return answer(200, `{"done":true}`)
    answer(200, "{}")
    await pause(this.random.integer(0, 200))
    const path = new URL(wake.callback_url).pathname.replace("/v1/stream/", "")
    await ask(this.port, "POST", path, done(wake), { authorization: `Bearer ${wake.callback_token}` })
  }
}

/** Claims whatever there is to claim, until `over`. */
export async function work(port, id, handled, random, state) {
  const path = `__ds/subscriptions/${id}`
  while (!state.over) {
    const claim = await ask(port, "POST", `${path}/claim`, { worker: `w${random.integer(0, 9)}` })
    if (claim?.status !== 200) {
      await pause(random.integer(5, 50))
      continue
    }
    const headers = { authorization: `Bearer ${claim.body.token}` }
    const way = state.reliable ? 0 : random.integer(0, 3)
    if (way === 3) continue // it dies with its lease
    if (way === 2) {
      const { wake_id, generation } = claim.body
      await ask(port, "POST", `${path}/release`, { wake_id, generation }, headers)
      continue
    }
    if (!(await handled.process(port, claim.body))) continue
    await ask(port, "POST", `${path}/ack`, done(claim.body), headers)
  }
}
