// bench.mjs <foldback> <folder of the benchmarks' programs> [--json FILE]: what a user would pick instead, in one run.

import { execFile } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { parseArgs, promisify } from "node:util"
import { createStream, event, here as http, interleaved, wrk } from "../http/measure.mjs"
import { report } from "../http/report.mjs"
import { Server } from "../../harness/server.mjs"
import { Nats } from "./nats.mjs"
import { Postgres } from "./postgres.mjs"
import { Redis } from "./redis.mjs"
import { Rounds } from "./rounds.mjs"

const { values: options, positionals: [binary, programs] } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } })
const ROUNDS = 5
const SECONDS = 2
const CONNECTIONS = 64

/** A folder that every user of the machine may enter, on a disk: beside the build, where that is possible. */
function publicFolder() {
  const build = join(http, "../../../build")
  const open = (folder) => (statSync(folder).mode & 0o001) !== 0 && (folder === "/" || open(dirname(folder)))
  const folder = mkdtempSync(join(process.getuid() !== 0 || open(build) ? build : "/var/tmp", "bench-peers-"))
  chmodSync(folder, 0o755)
  return folder
}

const scratch = publicFolder()
const sockets = mkdtempSync("/tmp/bench-peers-")
process.on("exit", () => { for (const folder of [scratch, sockets]) rmSync(folder, { recursive: true, force: true }) })

const [redis, postgres, nats] = await Promise.all([
  Redis.start(scratch), Postgres.start(scratch, sockets), Nats.start(scratch, join(programs, "nats_publishers")),
])

/** Our server, with the streams that append.lua asks for. */
async function served(name) {
  const server = await Server.start({ binary, dataDir: join(scratch, name) })
  for (let stream = 0; stream < CONNECTIONS; stream += 1) await createStream(server, `bench/append-${stream}`)
  return server
}

const byHttp = (server, events) => async (seconds) =>
  events * (await wrk(server.url, "append.lua", seconds, [String(CONNECTIONS), String(events)], CONNECTIONS))

function byRedis(pipelined) {
  let expectedRate = 20_000
  return async (seconds) => (expectedRate = await redis.append({ event: event(1), pipelined, seconds, expectedRate }))
}

const byPostgres = (events, clients) => (seconds) => postgres.append({ event: event(1), events, clients, seconds })

/** Peers are functions from seconds to events per second. What one has left to be written must not burden the next. */
async function compare(peers) {
  const names = Object.keys(peers)
  const medians = await interleaved(names, ROUNDS, async (name, warmUp) => {
    await promisify(execFile)("sync", ["--file-system", scratch])
    return peers[name](warmUp ? 1 : SECONDS)
  })
  return Object.fromEntries(names.map((name, index) => [name, medians[index]]))
}

const row = (name, value, peer, peerValue, target) =>
  ({ name, value, unit: "events/s", peer, peer_value: peerValue, ratio: value / peerValue, target })

async function singles() {
  const server = await served("singles")
  const embedded = new Rounds(join(programs, "append_rounds"), join(scratch, "embedded-singles"), 1, CONNECTIONS)
  const { ours, overHttp, inPostgres, inRedis, inNats } = await compare({
    ours: (seconds) => embedded.measure(seconds),
    overHttp: byHttp(server, 1),
    inPostgres: byPostgres(1, CONNECTIONS),
    inRedis: byRedis(1),
    inNats: (seconds) => nats.append(seconds),
  })
  await server.kill()
  const postgresName = "PostgreSQL, one INSERT per transaction, 64 clients of pgbench"
  const http = "appends of one 200-byte event over HTTP, 64 connections"
  return [
    row("durable single appends in process, 64 in flight", ours, postgresName, inPostgres, 10),
    row(http, overHttp, "Redis Streams, appendfsync always, 64 clients of redis-benchmark", inRedis, 1),
    row(http, overHttp, postgresName, inPostgres, null),
    row(http, overHttp, nats.name, inNats, null),
  ]
}

async function batches() {
  const server = await served("batches")
  const embedded = new Rounds(join(programs, "append_rounds"), join(scratch, "embedded-batches"), 1000, 4)
  const { ours, overHttp, inPostgres, inRedis } = await compare({
    ours: (seconds) => embedded.measure(seconds),
    overHttp: byHttp(server, 100),
    inPostgres: byPostgres(1000, 4),
    inRedis: byRedis(100),
  })
  await server.kill()
  return [
    row("durable batches of 1000 events in process, 4 in flight", ours, "PostgreSQL, INSERT of 1000 rows that it makes itself, 4 clients", inPostgres, null),
    row("appends of 100 events of 200 bytes over HTTP, 64 connections", overHttp,
      "Redis Streams, appendfsync always, 64 clients that pipeline by 100", inRedis, 4),
  ]
}

await report([singles, batches], options.json)
process.exit(0)
