// Readers that ask and then do not read, while the stream grows.

import assert from "node:assert/strict"
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { connect, many, mebibytes, memoryOf, serverFor } from "./crowd.mjs"

const readers = 100 * many
const megabytes = 100 * many
const BODY_BYTES = 1_000_000
const MAX_GROWTH_BYTES = 300 * 2 ** 20
const MAX_WAL_BYTES = 64 * 2 ** 20

test("stalled readers do not make the server grow with what they do not read", { timeout: 600_000 }, async (t) => {
  const server = await serverFor(t)
  const url = server.streamUrl("growing")
  const headers = { "content-type": "text/plain" }
  const append = async () => {
    const response = await fetch(url, { method: "POST", headers, body: "x".repeat(BODY_BYTES) })
    assert.equal(response.status, 204)
  }
  assert.equal((await fetch(url, { method: "PUT", headers })).status, 201)
  for (let i = 0; i < 10; i += 1) await append()
  const before = memoryOf(server)

  // A third each catches up, polls and listens from the beginning on.
  const modes = ["", "&live=long-poll", "&live=sse"]
  const sockets = await connect(t, server, readers, (i) => {
    const offset = i % 2 === 0 ? "-1" : "now"
    return `GET /v1/stream/growing?offset=${offset}${modes[i % 3]} HTTP/1.1\r\nHost: a\r\n\r\n`
  })
  for (const socket of sockets) socket.pause()
  let most = before
  let walBytes = 0
  const wal = join(server.directory, "index.db-wal")
  for (let i = 0; i < megabytes; i += 1) {
    await append()
    most = Math.max(most, memoryOf(server))
    if (existsSync(wal)) walBytes = Math.max(walBytes, statSync(wal).size)
  }
  assert.ok(most - before <= MAX_GROWTH_BYTES, `memory went from ${mebibytes(before)} to ${mebibytes(most)} MiB`)
  assert.ok(walBytes <= MAX_WAL_BYTES, `the index's journal has ${mebibytes(walBytes)} MiB`)

  // Somebody who does read gets all of it meanwhile.
  let got = 0
  for (let offset = "-1", more = true; more; ) {
    const response = await fetch(`${url}?offset=${offset}`)
    got += (await response.arrayBuffer()).byteLength
    offset = response.headers.get("stream-next-offset")
    more = response.headers.get("stream-up-to-date") !== "true"
  }
  assert.equal(got, (megabytes + 10) * BODY_BYTES)
  for (const socket of sockets) socket.destroy()
  assert.equal((await server.stop(20_000)).code, 0)
  console.log(`${readers} stalled readers, ${megabytes} MB, ${mebibytes(most - before)} MiB of growth, ${mebibytes(walBytes)} MiB of journal`)
})
