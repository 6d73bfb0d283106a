// The order service end to end: the command, its rules, its events and those of the stock in one commit, and the answer
// that is remembered; against the same events appended and nothing more, and against the request's bytes as one message of one
// stream. All are durable when they answer.

import { Server } from "../../harness/server.mjs"
import { createStream, interleaved, send, wrk } from "./measure.mjs"

const CONNECTIONS = 32
const ARTICLES = 1000
const STREAMS = 64

/** The program's own projections and its payment workflow run meanwhile, as they do in a shop. */
export async function placeOrders({ orders, directory, rounds, seconds, target }) {
  const [placing, writing, appending] = await Promise.all(["place", "events", "append"].map((name) =>
    Server.start({ binary: orders, dataDir: `${directory}-${name}` })))
  let run = 0
  try {
    for (let article = 0; article < ARTICLES; article += 1) {
      await send("POST", `${placing.url}/api/stock/BENCH-${String(article).padStart(4, "0")}/receive`, {
        headers: { "content-type": "application/json", "idempotency-key": `receive-${article}` },
        body: '{"quantity":10000}',
        expected: [200, 201],
      })
    }
    for (let article = 0; article < ARTICLES; article += 1) {
      await createStream(writing, `bench/stock/BENCH-${String(article).padStart(4, "0")}`)
    }
    for (let stream = 0; stream < STREAMS; stream += 1) await createStream(appending, `bench/${stream}`)
    const peers = [
      { server: placing, args: ["place", String(ARTICLES)] },
      { server: writing, args: ["events", String(ARTICLES)] },
      { server: appending, args: ["append", String(STREAMS)] },
    ]
    const [value, written, appended] = await interleaved(peers, rounds, ({ server, args }, warmUp) =>
      wrk(server.url, "orders.lua", warmUp ? 1 : seconds, [...args, `run-${++run}`], CONNECTIONS))
    const row = (peer, peerValue) => ({
      name: `orders placed, ${CONNECTIONS} connections`,
      value,
      unit: "orders/s",
      peer,
      peer_value: peerValue,
      ratio: value / peerValue,
      target,
    })
    return [row("the same three events appended", written), row("the request's bytes, one message", appended)]
  } finally {
    await Promise.all([placing, writing, appending].map((server) => server.kill()))
  }
}
