// Reading a long stream from its beginning, chunk after chunk, against nginx sending as many files of the same sizes.

import { execFile } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { Server } from "../../harness/server.mjs"
import { createStream, event, interleaved, send } from "./measure.mjs"

export const EVENTS = 1_000_000
const EVENTS_PER_REQUEST = 5_000

/** The stream of so many events that is read. */
export async function fill(server) {
  await createStream(server, "bench/long")
  for (let first = 0; first < EVENTS; first += EVENTS_PER_REQUEST) {
    const batch = []
    for (let number = first; number < first + EVENTS_PER_REQUEST; number += 1) batch.push(event(number))
    const body = `[${batch.join(",")}]`
    await send("POST", server.streamUrl("bench/long"), { headers: { "content-type": "application/json" }, body, expected: [204] })
  }
}

/** Follows Stream-Next-Offset to the tail; the URL and the body of each chunk. Every event must come once, in order. */
export async function follow(server) {
  const chunks = []
  let offset = "-1"
  let next = 0
  for (;;) {
    const url = `${server.streamUrl("bench/long")}?offset=${encodeURIComponent(offset)}`
    const { headers, body } = await send("GET", url, { expected: [200] })
    for (const { id } of JSON.parse(body)) {
      if (id !== next) throw new Error(`event ${id} came where ${next} was due`)
      next += 1
    }
    chunks.push({ url, body })
    offset = headers["stream-next-offset"]
    if (headers["stream-up-to-date"] === "true") break
  }
  if (next !== EVENTS) throw new Error(`${next} of ${EVENTS} events came`)
  return chunks
}

/** What makes one curl fetch these URLs and keep nothing; its path. */
export function curlConfiguration(path, urls) {
  writeFileSync(path, urls.map((url) => `url = "${url}"\noutput = "/dev/null"\n`).join(""))
  return path
}

/** Bytes per second of one curl that fetches all URLs, one after the other, over one connection. */
export async function fetchAll(configuration, expectedBytes) {
  const { stdout } = await promisify(execFile)("curl", [
    "--silent", "--show-error", "--fail", "--http1.1",
    "--write-out", "%{http_code} %{size_download} %{time_total} %{num_connects}\n",
    "--config", configuration,
  ])
  let bytes = 0
  let seconds = 0
  let connections = 0
  for (const line of stdout.trim().split("\n")) {
    const [status, size, time, connects] = line.split(" ").map(Number)
    if (status !== 200) throw new Error(`${status} instead of 200`)
    bytes += size
    seconds += time
    connections += connects
  }
  if (bytes !== expectedBytes) throw new Error(`${bytes} bytes came instead of ${expectedBytes}`)
  if (connections !== 1) throw new Error(`${connections} connections instead of one`)
  return bytes / seconds
}

export async function catchUp({ binary, directory, scratch, nginx, rounds, target }) {
  const server = await Server.start({ binary, dataDir: directory })
  try {
    await fill(server)
    const chunks = await follow(server)
    const bytes = chunks.reduce((sum, { body }) => sum + body.length, 0)
    const files = chunks.map(({ body }, index) => nginx.file(`chunk-${index}.json`, body))
    const configurations = [chunks.map(({ url }) => url), files].map((urls, index) =>
      curlConfiguration(join(scratch, `curl-${index}.conf`), urls))
    const [value, peerValue] = await interleaved(configurations, rounds, (configuration) => fetchAll(configuration, bytes))
    return [{
      name: `catch-up of ${EVENTS.toLocaleString("en")} events of 200 bytes in ${chunks.length} chunks`,
      value: value / 1e6,
      unit: "MB/s",
      peer: "nginx, static files of the same sizes",
      peer_value: peerValue / 1e6,
      ratio: value / peerValue,
      target,
    }]
  } finally {
    await server.kill()
  }
}
