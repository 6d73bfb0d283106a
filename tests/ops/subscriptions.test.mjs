import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { eventually } from "../harness/server.mjs"
import { append, create, foldback, metrics, operated, readAll, scratch } from "./operated.mjs"

const ask = async (server, method, path, body, token) => {
  const headers = token ? { authorization: `Bearer ${token}` } : {}
  const response = await fetch(server.streamUrl(`__ds/subscriptions/${path}`), { method, headers, body: JSON.stringify(body) })
  return { status: response.status, body: await response.json().catch(() => null) }
}

test("retention keeps what a subscription has not acknowledged, over a restart, and cuts it when that is done", async (t) => {
  const directory = scratch(t)
  const rules = join(directory, "retention")
  writeFileSync(rules, "** max-messages=1\n")
  const server = await operated(t, directory, ["--retention-file", rules, "--retention-interval-ms", "100"])
  await create(server, "wake")
  assert.equal((await ask(server, "PUT", "slow", { type: "pull-wake", pattern: "jobs/*", wake_stream: "wake" })).status, 201)
  for (const stream of ["jobs/a", "other"]) {
    await create(server, stream)
    await append(server, stream, [1, 2, 3])
  }
  await eventually("the other's cut", async () => (await readAll(server, "other")).length === 1)
  assert.deepEqual(await readAll(server, "jobs/a"), [1, 2, 3])
  await eventually("that being told", () => server.log.includes("retention keeps what subscriptions have not acknowledged"))
  assert.equal((await metrics(server)).get("foldback_subscriptions"), 1)

  await server.kill()
  await server.start()
  await append(server, "other", [4])
  await eventually("the other's cut", async () => (await readAll(server, "other")).length === 1)
  assert.deepEqual(await readAll(server, "jobs/a"), [1, 2, 3])

  const claim = await eventually("a wake", async () => {
    const answer = await ask(server, "POST", "slow/claim", { worker: "w" })
    return answer.status === 200 && answer.body
  })
  const { wake_id, generation, streams, token } = claim
  const acks = streams.map(({ path, tail_offset }) => ({ stream: path, offset: tail_offset }))
  assert.equal((await ask(server, "POST", "slow/ack", { wake_id, generation, acks, done: true }, token)).status, 200)
  await eventually("the cut", async () => (await readAll(server, "jobs/a")).length === 1)
})

test("truncation by hand waits for no subscription, and says so by doing it", async (t) => {
  const server = await operated(t, scratch(t))
  await create(server, "wake")
  await ask(server, "PUT", "slow", { type: "pull-wake", pattern: "jobs/*", wake_stream: "wake" })
  await create(server, "jobs/a")
  await append(server, "jobs/a", [1, 2, 3])

  assert.equal(foldback("truncate", "jobs/a", "--before", "now", "--url", `${server.url}/v1/stream`).status, 0)
  assert.deepEqual(await readAll(server, "jobs/a"), [])
})
