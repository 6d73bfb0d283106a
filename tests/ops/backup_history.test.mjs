// Backups under a load of every kind, judged by the rules of histories: what was acknowledged before a backup began is in it, what came
// later is in it whole or not at all, and nothing else is.

import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as pause } from "node:timers/promises"
import { Random } from "../harness/random.mjs"
import { Server } from "../harness/server.mjs"
import { Client } from "../kill9/client.mjs"
import { History, moment } from "../kill9/history.mjs"
import { Stream } from "../kill9/stream.mjs"
import { verifyStream } from "../kill9/verify.mjs"
import { Workload } from "../kill9/workload.mjs"
import { atEnd, foldback, foldbackLater, operated, scratch } from "./operated.mjs"

const BACKUPS = 4

/** What was known of a stream at a moment: every answer that came later is one that did not come. */
function asOf({ history, offsets }, then) {
  const past = new History(history)
  for (const operation of history.operations) {
    const copy = past.operation(operation.kind, { events: operation.events, producer: operation.producer })
    copy.attempts = operation.attempts.map((attempt) =>
      attempt.outcome === "refused" || (attempt.end !== null && attempt.end <= then)
        ? { ...attempt, sawClosed: attempt.sawClosed && attempt.end <= then, sawGone: attempt.sawGone && attempt.end <= then }
        : { ...attempt, outcome: "unknown", offset: null, duplicate: false, sawClosed: false, sawGone: false })
  }
  past.observations = history.observations.filter(({ end }) => end <= then)
  const stream = new Stream(past)
  stream.offsets = offsets
  return stream
}

/** Whether somebody asked for it, also without getting an answer. */
const mayBeDeleted = ({ history }) => history.operations.some(({ kind, attempts }) => kind === "delete" && attempts.length > 0)

test("backups under load restore to stores that verify, and whose history is right", async (t) => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
  t.diagnostic(`seed ${seed}`)
  const random = new Random(seed)
  const directory = scratch(t)
  const repository = join(directory, "backups")
  const server = await operated(t, directory, ["--segment-bytes", "1MiB"])
  let client = new Client(server.port)
  atEnd(t, () => client.close())
  const workload = new Workload(random)

  const taken = []
  for (let number = 0; number < BACKUPS; number += 1) {
    const round = { killing: false, over: false, failures: [] }
    const working = workload.run(client, round)
    await pause(random.integer(50, 300))
    const known = workload.streams.filter(({ gone }) => !gone).map((stream) => ({ stream, offsets: [...stream.offsets] }))
    const then = moment()
    const backup = await foldbackLater("backup", repository, "--data", join(directory, "data"), "--json")
    assert.equal(backup.status, 0, backup.stdout)
    taken.push({ known, then, name: JSON.parse(backup.stdout).name })
    await pause(random.integer(0, 100))
    // Those who follow live end when their connections do.
    round.killing = round.over = true
    client.close()
    await working
    assert.deepEqual(round.failures, [])
    client = new Client(server.port)
    await workload.resolve(client)
    workload.makeRoom()
  }

  let judged = 0
  for (const { known, then, name } of taken) {
    const restored = join(directory, name)
    const done = foldback("restore", repository, "--data", restored, "--backup", name)
    assert.equal(done.status, 0, done.stderr)
    const verified = foldback("verify", "--data", restored, "--json")
    assert.equal(verified.status, 0, verified.stdout)
    const copy = await Server.start({ binary: process.env.FOLDBACK_BINARY, dataDir: restored })
    atEnd(t, () => copy.kill())
    const reader = new Client(copy.port)
    for (const { stream, offsets } of known) {
      const past = asOf({ history: stream.history, offsets }, then)
      const violations = await verifyStream(reader, past, random)
      assert.deepEqual(violations, [], `${name}, seed ${seed}\n${past.history}`)
      assert.ok(!past.gone || mayBeDeleted(stream), `${stream.path} is not in ${name}, seed ${seed}`)
      judged += past.history.operations.length
    }
    reader.close()
    await copy.kill()
  }
  t.diagnostic(`${BACKUPS} backups, ${judged} operations judged`)
  assert.ok(judged > 50, `only ${judged} operations`)
})
