import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { eventually, Server } from "../harness/server.mjs"
import { append, atEnd, create, foldback, foldbackLater, operated, readAll, scratch } from "./operated.mjs"

const STREAMS = 6

/** Appends its own count to each of some streams until it is told to stop. */
function load(server) {
  const writers = Array.from({ length: STREAMS }, (_, i) => ({ stream: `load/${i}`, acknowledged: 0 }))
  let over = false
  const working = Promise.all(
    writers.map(async (writer) => {
      await create(server, writer.stream)
      const filler = "x".repeat(2_000)
      while (!over) {
        const response = await append(server, writer.stream, [{ n: writer.acknowledged, filler }])
        if (response.status === 204) ++writer.acknowledged
      }
    }),
  )
  return { writers, stop: () => ((over = true), working) }
}

test("a backup of a server under load restores to a sound store with everything that was acknowledged before", async (t) => {
  const directory = scratch(t)
  const repository = join(directory, "backups")
  const server = await operated(t, directory, ["--segment-bytes", "1MiB"])
  const { writers, stop } = load(server)
  await eventually("some load", () => writers.every(({ acknowledged }) => acknowledged > 100))

  const taken = []
  for (let round = 0; round < 3; ++round) {
    const before = writers.map(({ acknowledged }) => acknowledged)
    const backup = await foldbackLater("backup", repository, "--data", join(directory, "data"), "--json")
    assert.equal(backup.status, 0, backup.stdout)
    taken.push({ before, ...JSON.parse(backup.stdout) })
    const now = writers[0].acknowledged
    await eventually("more load", () => writers[0].acknowledged > now + 100)
  }
  await stop()
  const original = await Promise.all(writers.map(({ stream }) => readAll(server, stream)))
  assert.ok(taken[2].reused_segments > 0, "the last backup copied everything again")

  for (const [i, { name, before }] of taken.entries()) {
    const restored = join(directory, `restored-${i}`)
    const done = foldback("restore", repository, "--data", restored, "--backup", name, "--json")
    assert.equal(done.status, 0, done.stderr)
    const verified = foldback("verify", "--data", restored, "--json")
    assert.equal(verified.status, 0, verified.stdout)
    const copy = await Server.start({ binary: process.env.FOLDBACK_BINARY, dataDir: restored })
    atEnd(t, () => copy.kill())
    for (const [w, { stream }] of writers.entries()) {
      const messages = await readAll(copy, stream)
      assert.ok(messages.length >= before[w], `${stream} lost what was acknowledged before backup ${i}`)
      assert.deepEqual(messages, original[w].slice(0, messages.length))
    }
    await append(copy, "load/0", [1])
    await copy.kill()
  }
  const list = foldback("backup", repository, "--list", "--json").stdout.trim().split("\n").map((line) => JSON.parse(line).name)
  assert.deepEqual(list, taken.map(({ name }) => name))
})

test("a store is restored as of a position, beside the one that is served", async (t) => {
  const directory = scratch(t)
  const repository = join(directory, "backups")
  const server = await operated(t, directory)
  await create(server, "s")
  for (let i = 0; i < 10; ++i) await append(server, "s", [i])
  await fetch(server.streamUrl("s"), { method: "DELETE" })
  assert.equal(foldback("backup", repository, "--data", join(directory, "data")).status, 0)

  const then = join(directory, "then")
  const done = foldback("restore", repository, "--data", then, "--position", "7", "--json")
  assert.equal(done.status, 0, done.stderr)
  assert.deepEqual(JSON.parse(done.stdout).next_position, 7)
  const copy = await Server.start({ binary: process.env.FOLDBACK_BINARY, dataDir: then })
  atEnd(t, () => copy.kill())
  assert.deepEqual(await readAll(copy, "s"), [0, 1, 2, 3, 4, 5, 6])

  const again = foldback("restore", repository, "--data", then)
  assert.equal(again.status, 1)
  assert.match(again.stderr, /is not empty/)
  assert.equal(foldback("backup", repository, "--data", join(directory, "missing")).status, 4)
})

test("truncate gives up the beginning of a stream and says where it begins now", async (t) => {
  const server = await operated(t, scratch(t))
  await create(server, "s")
  const tail = (await append(server, "s", [1, 2, 3])).headers.get("stream-next-offset")
  await append(server, "s", [4])

  const done = foldback("truncate", "s", "--before", tail, "--url", `${server.url}/v1/stream`, "--json")
  assert.equal(done.status, 0, done.stderr)
  assert.equal(JSON.parse(done.stdout).first_offset, tail)
  assert.deepEqual(await readAll(server, "s"), [4])
  assert.equal(foldback("truncate", "missing", "--before", "now", "--url", `${server.url}/v1/stream`).status, 4)
  assert.equal(foldback("truncate", "s", "--before", "7", "--url", `${server.url}/v1/stream`).status, 2)
})
