// Appends and small reads under load: requests per second by wrk on 64 connections.

import { Server } from "../../harness/server.mjs"
import { createStream, event, interleaved, send, wrk } from "./measure.mjs"

const STREAMS = 64

async function appendPeers(binary, reference, directory) {
  const peers = [
    { name: "durable on disk", server: await Server.start({ binary, dataDir: `${directory}-disk` }) },
    { name: "same server, memory device", server: await Server.start({ binary }) },
    { name: "npm reference server, files", server: await Server.start({ binary: reference, dataDir: `${directory}-reference` }) },
  ]
  for (const { server } of peers) {
    for (let stream = 0; stream < STREAMS; stream += 1) await createStream(server, `bench/append-${stream}`)
  }
  return peers
}

/** Rows for appends of `events` events per request. */
export async function appends({ binary, reference, directory, events, rounds, seconds, target, name }) {
  const peers = await appendPeers(binary, reference, directory)
  try {
    const [value, ...others] = await interleaved(peers, rounds, async ({ server }, warmUp) =>
      events * (await wrk(server.url, "append.lua", warmUp ? 1 : seconds, [String(STREAMS), String(events)])))
    return peers.slice(1).map((peer, index) => ({
      name,
      value,
      unit: "events/s",
      peer: peer.name,
      peer_value: others[index],
      ratio: value / others[index],
      target: index === 0 ? target : 1,
    }))
  } finally {
    for (const { server } of peers) await server.kill()
  }
}

/** A stream of one small message against a file of as many bytes. */
export async function smallGets({ binary, directory, nginx, rounds, seconds, target }) {
  const server = await Server.start({ binary, dataDir: directory })
  try {
    await createStream(server, "bench/small")
    // In the response the message stands in brackets.
    await send("POST", server.streamUrl("bench/small"), {
      headers: { "content-type": "application/json" },
      body: event(1, 198),
      expected: [204],
    })
    const url = `${server.streamUrl("bench/small")}?offset=-1`
    const { body } = await send("GET", url, { expected: [200] })
    const file = nginx.file("small.json", body)
    const [value, peerValue] = await interleaved([url, file], rounds, (peer, warmUp) => wrk(peer, "get.lua", warmUp ? 1 : seconds))
    return [{
      name: `GET of ${body.length} bytes, 64 connections`,
      value,
      unit: "requests/s",
      peer: "nginx, static file",
      peer_value: peerValue,
      ratio: value / peerValue,
      target,
    }]
  } finally {
    await server.kill()
  }
}
