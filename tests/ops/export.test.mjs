import assert from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { append, create, foldback, operated, readAll, scratch } from "./operated.mjs"

async function put(server, stream, headers, body) {
  assert.equal((await fetch(server.streamUrl(stream), { method: "PUT", headers, body })).status, 201)
}

/** A store with every kind of stream. */
async function varied(server) {
  await create(server, "orders/1")
  await create(server, "orders/2")
  for (let i = 0; i < 30; ++i) await append(server, `orders/${1 + (i % 2)}`, [i, { n: i }])
  const exact = '[1e400,12345678901234567890123,{"a":1,"a":2},"\\ud800",",\\"data\\":"]'
  await fetch(server.streamUrl("orders/1"), { method: "POST", headers: { "content-type": "application/json" }, body: exact })
  await put(server, "text", { "content-type": "text/plain", "stream-ttl": "3600" }, "héllo")
  await put(server, "empty", { "content-type": "application/json" })
  await put(server, "forks/a", { "stream-forked-from": "/v1/stream/orders/1", "stream-fork-sub-offset": "0" })
  await append(server, "forks/a", ["its own"])
  await fetch(server.streamUrl("orders/2"), { method: "POST", headers: { "stream-closed": "true" } })
}

const url = (server) => ["--url", `${server.url}/v1/stream`]
const raw = async (server, stream) => (await fetch(`${server.streamUrl(stream)}?offset=-1`)).text()

test("all streams are exported and imported: exact messages, order, configurations, closures", async (t) => {
  const server = await operated(t, scratch(t))
  await varied(server)
  const directory = scratch(t)
  const file = join(directory, "all.ndjson")

  const out = foldback("export", "--all", "--file", file, ...url(server))
  assert.equal(out.status, 0, out.stderr)
  const copy = await operated(t, directory)
  const done = foldback("import", file, "--json", ...url(copy))
  assert.equal(done.status, 0, done.stderr)

  for (const stream of ["orders/1", "orders/2", "text", "empty", "forks/a"]) {
    assert.equal(await raw(copy, stream), await raw(server, stream), stream)
  }
  const head = await fetch(copy.streamUrl("orders/2"), { method: "HEAD" })
  assert.equal(head.headers.get("stream-closed"), "true")
  assert.equal((await fetch(copy.streamUrl("text"), { method: "HEAD" })).headers.get("stream-ttl"), "3600")

  const again = foldback("import", file, "--json", ...url(copy))
  assert.equal(again.status, 0, again.stderr)
  for (const stream of ["orders/1", "orders/2", "text"]) assert.equal(await raw(copy, stream), await raw(server, stream), stream)
})

test("without forks and gaps positions are the same", async (t) => {
  const server = await operated(t, scratch(t))
  for (const stream of ["a", "b"]) await create(server, stream)
  for (let i = 0; i < 20; ++i) await append(server, i % 3 === 0 ? "a" : "b", [i])
  const directory = scratch(t)
  const file = join(directory, "all.ndjson")
  assert.equal(foldback("export", "--all", "--file", file, ...url(server)).status, 0)
  const copy = await operated(t, directory)

  assert.equal(JSON.parse(foldback("import", file, "--json", ...url(copy)).stdout).same_positions, true)
  const feed = async (of) => (await (await fetch(`${of.url}/v1/feed?position=-1`)).json()).map(({ stream, position, data }) => [stream, position, data])
  assert.deepEqual(await feed(copy), await feed(server))
})

test("an export that was cut off is gone on with, and an import of half of it is not taken for all", async (t) => {
  const directory = scratch(t)
  const server = await operated(t, directory)
  await create(server, "s")
  for (let i = 0; i < 50; ++i) await append(server, "s", [{ i }])
  const file = join(directory, "all.ndjson")
  assert.equal(foldback("export", "--all", "--file", file, ...url(server)).status, 0)
  const whole = readFileSync(file, "utf8")
  const cut = whole.slice(0, Math.floor(whole.length / 2))
  writeFileSync(file, cut)

  const copyDirectory = scratch(t)
  const copy = await operated(t, copyDirectory)
  const half = foldback("import", file, ...url(copy))
  assert.notEqual(half.status, 0)

  const resumed = foldback("export", "--all", "--file", file, "--resume", ...url(server))
  assert.equal(resumed.status, 0, resumed.stderr)
  assert.equal(readFileSync(file, "utf8"), whole)
  assert.equal(foldback("import", file, ...url(copy)).status, 0)
  assert.deepEqual(await readAll(copy, "s"), await readAll(server, "s"))
})

test("what a fork shares is exported whole wherever an export was cut off", async (t) => {
  const server = await operated(t, scratch(t))
  await create(server, "s")
  for (let i = 0; i < 5; ++i) await append(server, "s", [{ i }])
  await put(server, "forked", { "stream-forked-from": "/v1/stream/s" })
  await put(server, "unchanged", { "stream-forked-from": "/v1/stream/s" })
  await append(server, "forked", ["its own"])
  const file = join(scratch(t), "all.ndjson")
  assert.equal(foldback("export", "--all", "--file", file, ...url(server)).status, 0)
  const whole = readFileSync(file, "utf8")
  const lines = whole.split(/(?<=\n)/)

  for (let kept = 0; kept < lines.length; ++kept) {
    writeFileSync(file, lines.slice(0, kept).join("") + '{"stre')
    const resumed = foldback("export", "--all", "--file", file, "--resume", ...url(server))
    assert.equal(resumed.status, 0, resumed.stderr)
    assert.equal(readFileSync(file, "utf8"), whole, `after ${kept} lines`)
  }
})
