// verify_speed.mjs: fills a store and measures how fast `foldback verify` reads all of it. FOLDBACK_ROUNDS above 1: a gigabyte.
// Ends with a line "N passed, N failed".

import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Server } from "../harness/server.mjs"

const MIN_MB_PER_SECOND = 200
const BODY_BYTES = 1_000_000
const megabytes = Number(process.env.FOLDBACK_ROUNDS ?? 1) > 1 ? 1_000 : 100
const binary = process.env.FOLDBACK_BINARY
const directory = mkdtempSync(join(tmpdir(), "foldback-verify-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const server = await Server.start({ binary, dataDir: join(directory, "data") })
const url = server.streamUrl("large")
const headers = { "content-type": "application/json" }
await fetch(url, { method: "PUT", headers })
// Events of about a hundred bytes.
const events = Array.from({ length: BODY_BYTES / 100 }, (_, n) => ({ type: "counted", n, filler: "x".repeat(55 - String(n).length) }))
const body = JSON.stringify(events)
for (let sent = 0; sent < megabytes; sent += 1) {
  const { status } = await fetch(url, { method: "POST", headers, body })
  if (status !== 204) throw new Error(`an append was answered ${status}`)
}
await server.stop(20_000)

// The best of three: what else this machine does is none of its business.
const runs = [1, 2, 3].map(() => {
  const begun = performance.now()
  const { status, stdout, stderr } = spawnSync(binary, ["verify", "--data", join(directory, "data")], { encoding: "utf8" })
  return { status, said: stdout + stderr, seconds: (performance.now() - begun) / 1000 }
})
const best = Math.min(...runs.map(({ seconds }) => seconds))
const rate = Math.round(megabytes / best)
console.log(`${megabytes} MB verified in ${best.toFixed(2)} s, ${rate} MB/s`)
const wrong = runs.find(({ status }) => status !== 0)
const held = wrong === undefined && rate >= MIN_MB_PER_SECOND
if (wrong) console.log(`verify ended with ${wrong.status}\n${wrong.said}`)
console.log(held ? "1 passed, 0 failed" : "0 passed, 1 failed")
process.exit(held ? 0 : 1)
