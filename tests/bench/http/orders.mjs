// The order service end to end: the command, its rules, its events and those of the stock in one commit, and the answer
// that is remembered; against the same bytes appended to a stream and nothing more. Both are durable when they answer.

import { Server } from "../../harness/server.mjs"
import { createStream, interleaved, send, wrk } from "./measure.mjs"

const CONNECTIONS = 32
const ARTICLES = 1000
const STREAMS = 64

/** The program's own projections and its payment workflow run meanwhile, as they do in a shop. */
export async function placeOrders({ orders, directory, rounds, seconds, target }) {
  const [placing, appending] = await Promise.all(["place", "append"].map((name) =>
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
    for (let stream = 0; stream < STREAMS; stream += 1) await createStream(appending, `bench/${stream}`)
    const peers = [{ server: placing, args: ["place", String(ARTICLES)] }, { server: appending, args: ["append", String(STREAMS)] }]
    const [value, peerValue] = await interleaved(peers, rounds, ({ server, args }, warmUp) =>
      wrk(server.url, "orders.lua", warmUp ? 1 : seconds, [...args, `run-${++run}`], CONNECTIONS))
    return [{
      name: `orders placed, ${CONNECTIONS} connections`,
      value,
      unit: "orders/s",
      peer: "the same bytes appended",
      peer_value: peerValue,
      ratio: value / peerValue,
      target,
    }]
  } finally {
    await Promise.all([placing, appending].map((server) => server.kill()))
  }
}
