// Clients that send their requests one byte a second, beside others that do not.

import assert from "node:assert/strict"
import { test } from "node:test"
import { setTimeout as pause } from "node:timers/promises"
import { Client } from "../kill9/client.mjs"
import { connect, many, mebibytes, memoryOf, percentile, serverFor } from "./crowd.mjs"

const crowd = 200 * many
const HEADER_TIMEOUT_MS = 6_000
const MEASURED_MS = 4_000
const MAX_GROWTH_BYTES = 100 * 2 ** 20
/** What a machine that does other things, too, may do to one request of a hundred. */
const NOISE_MS = 20

/** How long each of the appends takes that one client makes in that time. */
async function latencies(server, forMs) {
  const client = new Client(server.port)
  const all = []
  for (const end = performance.now() + forMs; performance.now() < end; ) {
    const begun = performance.now()
    const { status } = await client.send("POST", "/v1/stream/good", { headers: { "content-type": "text/plain" }, body: "x" })
    assert.equal(status, 204)
    all.push(performance.now() - begun)
  }
  client.close()
  return all
}

const halfAndMost = (values) => [percentile(values, 0.5), percentile(values, 0.99)]

test("slow clients are let go at the deadline, and cost the others nothing", { timeout: 120_000 }, async (t) => {
  const server = await serverFor(t, ["--header-timeout-ms", String(HEADER_TIMEOUT_MS)])
  assert.equal((await fetch(server.streamUrl("good"), { method: "PUT", headers: { "content-type": "text/plain" } })).status, 201)
  await latencies(server, 500)
  const [aloneMedian, alone] = halfAndMost(await latencies(server, MEASURED_MS))
  const before = memoryOf(server)

  const sockets = await connect(t, server, crowd, () => "G")
  const answers = sockets.map((socket) => new Promise((resolve) => {
    let said = ""
    socket.setEncoding("utf8").on("data", (text) => (said += text))
    socket.once("close", () => resolve(said))
  }))
  const request = "ET /v1/stream/good HTTP/1.1\r\nX: " + "y".repeat(1_000)
  let at = 0
  const dripping = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write(request[at])
    at += 1
  }, 1_000)
  t.after(() => clearInterval(dripping))
  const [besideMedian, beside] = halfAndMost(await latencies(server, MEASURED_MS))
  const most = memoryOf(server)
  const said = await Promise.race([Promise.all(answers), pause(30_000, null, { ref: false })])

  assert.ok(said !== null, "not all of them are let go")
  for (const answer of said) assert.match(answer, /^HTTP\/1\.1 408 /)
  assert.ok(most - before <= MAX_GROWTH_BYTES, `memory went from ${mebibytes(before)} to ${mebibytes(most)} MiB`)
  assert.ok(besideMedian <= 2 * aloneMedian + 1, `the median of an append went from ${aloneMedian.toFixed(2)} to ${besideMedian.toFixed(2)} ms`)
  assert.ok(beside <= 2 * alone + NOISE_MS, `p99 of an append went from ${alone.toFixed(2)} to ${beside.toFixed(2)} ms`)
  console.log(`${crowd} slow clients, p99 ${alone.toFixed(2)} ms alone and ${beside.toFixed(2)} ms beside them`)
})
