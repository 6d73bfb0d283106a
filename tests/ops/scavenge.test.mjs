import assert from "node:assert/strict"
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { Server } from "../harness/server.mjs"
import { append, atEnd, create, foldback, operated, readAll, scratch } from "./operated.mjs"

const sizeOf = (directory) =>
  readdirSync(directory).filter((name) => name.endsWith(".segment")).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)

test("scavenge gives back what deletion left, while no server runs, and nothing else", async (t) => {
  const directory = scratch(t)
  const data = join(directory, "data")
  // The server itself rewrites only what is wholly dead.
  const server = await operated(t, directory, ["--segment-bytes", "1MiB", "--rewrite-dead-fraction", "1"])
  for (const stream of ["kept", "gone"]) await create(server, stream)
  for (let i = 0; i < 60; ++i) {
    await append(server, "gone", ["x".repeat(100_000)])
    await append(server, "kept", [i])
  }
  await fetch(server.streamUrl("gone"), { method: "DELETE" })
  const whileServed = foldback("scavenge", "--data", data)
  assert.equal(whileServed.status, 73, whileServed.stderr)
  await server.stop()

  const before = sizeOf(data)
  const done = foldback("scavenge", "--data", data, "--json")
  assert.equal(done.status, 0, done.stderr)
  assert.ok(JSON.parse(done.stdout).reclaimed_bytes > 3_000_000, done.stdout)
  assert.ok(sizeOf(data) < before - 3_000_000, `${sizeOf(data)} of ${before}`)
  assert.equal(foldback("verify", "--data", data).status, 0)
  const again = await Server.start({ binary: process.env.FOLDBACK_BINARY, dataDir: data })
  atEnd(t, () => again.kill())
  assert.deepEqual(await readAll(again, "kept"), Array.from({ length: 60 }, (_, i) => i))
  assert.equal((await fetch(again.streamUrl("gone"), { method: "HEAD" })).status, 404)
})
