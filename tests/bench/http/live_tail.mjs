// How long after an append its readers have it: 100 SSE and 100 long-poll readers of one stream, 100 appends a second.

import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Server, spawnOwned } from "../../harness/server.mjs"
import { createStream, here, percentile } from "./measure.mjs"

export const READERS_OF_EACH_KIND = 100
export const WARM_UP_EVENTS = 100
export const EVENTS = 1_000
export const INTERVAL_MS = 10

/** Lines that a program of ours prints, as JSON. */
function program(name, ...args) {
  const child = spawnOwned(process.execPath, [join(here, name), ...args.map(String)], { stdio: ["ignore", "pipe", "inherit"] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async next() {
      const { value, done } = await lines.next()
      if (done) throw new Error(`${name} ended early`)
      return JSON.parse(value)
    },
    ended: once(child, "exit"),
  }
}

export async function liveTail({ binary, directory, target }) {
  const server = await Server.start({ binary, dataDir: directory })
  try {
    await createStream(server, "bench/live")
    const readers = program("tail_readers.mjs", server.port, "/v1/stream/bench/live")
    await readers.next()
    const writer = program("tail_writer.mjs", server.port, "/v1/stream/bench/live")
    const appended = await writer.next()
    const seen = await readers.next()

    const appendP99 = percentile(appended.latencies_ms, 0.99)
    const rows = []
    for (const [kind, { lost, doubled, latencies_ms: latencies }] of Object.entries(seen)) {
      if (lost > 0 || doubled > 0) throw new Error(`${kind}: ${lost} events lost, ${doubled} doubled`)
      for (const part of [0.5, 0.99]) {
        const value = percentile(latencies, part)
        const peerValue = part === 0.99 ? appendP99 : percentile(appended.latencies_ms, 0.5)
        rows.push({
          name: `live tail by ${kind}, ${READERS_OF_EACH_KIND} readers, p${part * 100}`,
          value,
          unit: "ms",
          peer: `durable append, same run, p${part * 100}`,
          peer_value: peerValue,
          ratio: value / peerValue,
          target: part === 0.99 ? target : null,
          lowerIsBetter: true,
        })
      }
    }
    await Promise.all([readers.ended, writer.ended])
    return rows
  } finally {
    await server.kill()
  }
}
