import { execFile } from "node:child_process"
import http from "node:http"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

export const here = dirname(fileURLToPath(import.meta.url))
const run = promisify(execFile)

export function median(values) {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export function percentile(values, part) {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)]
}

/**
 * Measures peers in turn, round after round, so that what else the machine does meets them alike; one round before is
 * not counted. `measure(peer)` gives one number; the result has one median for each peer.
 */
export async function interleaved(peers, rounds, measure) {
  const results = peers.map(() => [])
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, peer] of peers.entries()) {
      const value = await measure(peer, round < 0)
      if (round >= 0) results[index].push(value)
    }
  }
  return results.map(median)
}

/** Requests per second by wrk. Throws when a single request failed. */
export async function wrk(url, script, seconds, args = [], connections = 64) {
  const command = ["--threads", "2", "--connections", String(connections), "--duration", `${seconds}s`, "--timeout", "10s"]
  const { stdout } = await run("wrk", [...command, "--script", join(here, script), url, "--", ...args])
  const result = JSON.parse(stdout.slice(stdout.indexOf("RESULT ") + 7))
  if (result.errors > 0) throw new Error(`${result.errors} of ${result.requests} requests to ${url} failed`)
  return (result.requests / result.microseconds) * 1e6
}

/** A request from here, for what is not measured. Throws on anything but `expected`. */
export function send(method, url, { headers = {}, body, expected }) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (response) => {
      const parts = []
      response.on("data", (part) => parts.push(part))
      response.on("end", () => {
        if (expected.includes(response.statusCode)) resolve({ headers: response.headers, body: Buffer.concat(parts) })
        else reject(new Error(`${method} ${url}: ${response.statusCode} ${Buffer.concat(parts).toString().slice(0, 200)}`))
      })
      response.on("error", reject)
    })
    request.on("error", reject)
    request.end(body)
  })
}

export function createStream(server, name) {
  return send("PUT", server.streamUrl(name), { headers: { "content-type": "application/json" }, expected: [200, 201] })
}

/** A JSON event of exactly so many bytes. */
export function event(number, bytes = 200) {
  const head = `{"id":${number},"type":"item_added","data":"`
  return `${head}${"x".repeat(bytes - head.length - 2)}"}`
}
