import assert from "node:assert/strict"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { eventually } from "../harness/server.mjs"
import { append, create, foldback, operated, readAll, scratch } from "./operated.mjs"

test("SIGHUP puts new retention rules into force, and a bad file changes nothing", async (t) => {
  const directory = scratch(t)
  const rules = join(directory, "retention")
  writeFileSync(rules, "other/** max-messages=1\n")
  const server = await operated(t, directory, ["--retention-file", rules, "--retention-interval-ms", "100"])
  await create(server, "logs/a")
  await append(server, "logs/a", [1, 2, 3, 4])

  writeFileSync(rules, "logs/** max-mesages=1\n")
  process.kill(server.pid, "SIGHUP")
  await eventually("the complaint", () => server.log.includes("what was in force stays"))
  assert.match(server.log, /retention:1: there is no bound/)
  assert.deepEqual(await readAll(server, "logs/a"), [1, 2, 3, 4])

  writeFileSync(rules, "logs/** max-messages=1\n")
  process.kill(server.pid, "SIGHUP")
  await eventually("the cut", async () => (await readAll(server, "logs/a")).length === 1)
  assert.deepEqual(await readAll(server, "logs/a"), [4])
  const { body } = { body: await (await fetch(`${server.streamUrl("logs/a")}?offset=${await offsetOf(server, "logs/a", 1)}`)).text() }
  assert.match(body, /"code":"truncated"/)
})

async function offsetOf(server, stream, offset) {
  const head = await fetch(server.streamUrl(stream), { method: "HEAD" })
  return `${head.headers.get("stream-next-offset").slice(0, 17)}${String(offset).padStart(16, "0")}`
}

test("SIGUSR1 goes on in a new log file after the old one was moved away", async (t) => {
  const directory = scratch(t)
  const log = join(directory, "log")
  const server = await operated(t, directory, ["--log-file", log, "--log-requests"])
  await create(server, "before")
  renameSync(log, `${log}.1`)
  await create(server, "still-the-old-one")
  assert.ok(!existsSync(log))

  process.kill(server.pid, "SIGUSR1")
  await eventually("the new file", () => existsSync(log))
  await create(server, "after")
  await eventually("its line", () => readFileSync(log, "utf8").includes("/v1/stream/after"))

  assert.match(readFileSync(`${log}.1`, "utf8"), /still-the-old-one/)
  for (const line of readFileSync(log, "utf8").trim().split("\n")) JSON.parse(line)
})

test("lines about requests carry ids and the trace, and neither bodies, queries nor credentials", async (t) => {
  const server = await operated(t, scratch(t), ["--log-requests"])
  await create(server, "s")
  const trace = "0af7651916cd43dd8448eb211c80319c"
  await append(server, "s?token=in-the-query", ["in-the-body"], {
    traceparent: `00-${trace}-b7ad6b7169203331-01`,
    authorization: "Bearer in-the-header",
  })
  const line = await eventually("the line", () => server.log.split("\n").find((text) => text.includes(trace)))

  const record = JSON.parse(line)
  assert.equal(record.path, "/v1/stream/s")
  assert.equal(record.method, "POST")
  assert.equal(record.status, 204)
  assert.ok(record.request_id.length > 0 && record.ms >= 0)
  assert.ok(!/in-the-/.test(server.log))
})

test("SIGTERM under load drains: what was acknowledged is there, the exit code is 0", async (t) => {
  const server = await operated(t, scratch(t))
  await create(server, "s")
  let acknowledged = 0
  let stopping = false
  const writing = (async () => {
    while (!stopping) {
      try {
        if ((await append(server, "s", [acknowledged])).status === 204) ++acknowledged
      } catch {
        return
      }
    }
  })()
  await eventually("some appends", () => acknowledged > 50)
  const exit = await server.stop(10_000)
  stopping = true
  await writing
  assert.deepEqual(exit, { code: 0, signal: null })
  await server.start()
  const messages = await readAll(server, "s")
  assert.ok(messages.length >= acknowledged)
  assert.deepEqual(messages, messages.map((_, i) => i))
})

test("check-config says no with the code that serve would end with", (t) => {
  const directory = scratch(t)
  const rules = join(directory, "retention")
  writeFileSync(rules, "logs/**\n")
  assert.equal(foldback("check-config", "--listen", "127.0.0.1:0").status, 0)
  assert.equal(foldback("check-config", "--listen", "0.0.0.0:4437").status, 78)
  assert.equal(foldback("check-config", "--admin-listen", "0.0.0.0:4438").status, 78)
  const bad = foldback("check-config", "--retention-file", rules)
  assert.equal(bad.status, 2)
  assert.match(bad.stderr, /retention:1: what is kept is missing/)
})
