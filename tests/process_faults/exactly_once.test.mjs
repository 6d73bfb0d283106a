// Idempotent producers that write as fast as they can while the server is killed again and again: each number once, in order.

import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { Random } from "../harness/random.mjs"
import { eventually, Server } from "../harness/server.mjs"
import { Ledger, unlessGone, withClient } from "./ledger.mjs"

const rounds = Number(process.env.FOLDBACK_ROUNDS ?? 1)
const restarts = Math.round(50 * rounds)
const appendsOfALife = 1_000
const checkedEvery = 10

test("what producers repeat over restarts is there exactly once", async (t) => {
  const seed = Number(process.env.FOLDBACK_SEED ?? Date.now() % 1_000_000)
  console.log(`FOLDBACK_SEED=${seed}`)
  const random = new Random(seed)
  const directory = mkdtempSync(join(tmpdir(), "foldback-once-"))
  const server = await Server.start({ binary: process.env.FOLDBACK_BINARY, dataDir: join(directory, "data") })
  t.after(async () => {
    await server.kill()
    rmSync(directory, { recursive: true, force: true })
  })
  let ledgers = []
  const total = { appends: 0, duplicates: 0 }
  const acknowledged = () => ledgers.reduce((sum, ledger) => sum + ledger.acknowledged, 0)
  const begin = async (client, life) => {
    ledgers = Array.from({ length: 16 }, (_, i) => new Ledger(`once/${life}/${i}`))
    for (const ledger of ledgers) assert.ok(await ledger.create(client))
  }
  const settle = async (client) => {
    for (const ledger of ledgers) {
      await ledger.verify(client)
      total.appends += ledger.acknowledged
      total.duplicates += ledger.duplicates
    }
  }

  await withClient(server, (client) => begin(client, 0))
  for (let life = 1; life <= restarts; life += 1) {
    const until = acknowledged() + appendsOfALife + random.integer(0, appendsOfALife / 2)
    await withClient(server, async (client) => {
      const writing = ledgers.map((ledger) => unlessGone(async () => {
        for (;;) assert.ok((await ledger.append(client)) < 300)
      }))
      await Promise.race([eventually("enough appends", () => acknowledged() >= until, 60_000, 1), ...writing])
      assert.equal((await server.kill()).signal, "SIGKILL")
      await Promise.all(writing)
    })
    await server.start()
    if (life % checkedEvery !== 0 && life !== restarts) continue
    // Everything is sent again until it is answered, and then looked at; the next producers begin anew.
    await withClient(server, async (client) => {
      for (const ledger of ledgers) assert.ok((await ledger.append(client)) < 300)
      await settle(client)
      await begin(client, life)
    })
  }
  assert.ok(total.duplicates > 0 || restarts < 10, "no answer was lost: this proved nothing")
  console.log(`${restarts} restarts, ${total.appends} appends, ${total.duplicates} duplicates recognised`)
})
