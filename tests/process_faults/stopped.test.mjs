// A server that does not run for a while, again and again.

import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as pause } from "node:timers/promises"
import { Random } from "../harness/random.mjs"
import { Server } from "../harness/server.mjs"
import { Ledger, withClient } from "./ledger.mjs"

const rounds = 20 * Number(process.env.FOLDBACK_ROUNDS ?? 1)

test("clients of a server that is stopped and goes on lose nothing", async (t) => {
  const seed = Number(process.env.FOLDBACK_SEED ?? Date.now() % 1_000_000)
  console.log(`FOLDBACK_SEED=${seed}`)
  const random = new Random(seed)
  const directory = mkdtempSync(join(tmpdir(), "foldback-stopped-"))
  const server = await Server.start({ binary: process.env.FOLDBACK_BINARY, dataDir: join(directory, "data") })
  t.after(async () => {
    await server.kill()
    rmSync(directory, { recursive: true, force: true })
  })
  const ledgers = ["a", "b", "c", "d"].map((name) => new Ledger(name))
  let over = false
  let all = Infinity

  await withClient(server, async (client) => {
    for (const ledger of ledgers) assert.ok(await ledger.create(client))
    const heard = []
    const listening = (async () => {
      for await (const { type, data } of client.events(`${ledgers[0].path}?offset=-1&live=sse`, assert.fail)) {
        if (type !== "data") continue
        for (const { n } of JSON.parse(data)) heard.push(n)
        if (heard.length >= all) return
      }
      assert.fail(`the listener was sent away after ${heard.length} of ${all}`)
    })()
    const writing = ledgers.map(async (ledger) => {
      while (!over) assert.ok((await ledger.append(client)) < 300)
    })
    for (let i = 0; i < rounds; i += 1) {
      await pause(random.integer(0, 60))
      process.kill(server.pid, "SIGSTOP")
      await pause(random.integer(10, 200))
      process.kill(server.pid, "SIGCONT")
    }
    over = true
    await Promise.all(writing)
    all = ledgers[0].acknowledged + 1
    assert.ok((await ledgers[0].append(client)) < 300)
    await listening
    assert.deepEqual(heard, [...heard.keys()])
    for (const ledger of ledgers) await ledger.verify(client)
    console.log(`${rounds} stops, ${ledgers.reduce((sum, { acknowledged }) => sum + acknowledged, 0)} appends`)
  })
  assert.equal((await server.stop()).code, 0)
})
