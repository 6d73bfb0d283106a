// bench.mjs <foldback> <orders> <folder of the benchmarks' programs> [--json FILE]: all measurements over HTTP, against their peers, in one run.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { catchUp } from "./catch_up.mjs"
import { clientRows } from "./client.mjs"
import { liveTail } from "./live_tail.mjs"
import { here } from "./measure.mjs"
import { fanOut, idleReaders } from "./many_readers.mjs"
import { Nginx } from "./nginx.mjs"
import { placeOrders } from "./orders.mjs"
import { report } from "./report.mjs"
import { appends, smallGets } from "./throughput.mjs"

const { values: options, positionals: [binary, orders, programs] } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } })

// Beside the build, not in /tmp, which may be memory.
const build = join(here, "../../../build")
mkdirSync(build, { recursive: true })
const scratch = mkdtempSync(join(build, "bench-http-"))
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))

const nginx = await Nginx.start(scratch)
const reference = join(here, "reference-server.mjs")
const measurements = [
  () => appends({
    binary, reference, directory: join(scratch, "single"), events: 1, rounds: 5, seconds: 3, target: 0.75,
    name: "appends of one 200-byte event, 64 connections",
  }),
  () => appends({
    binary, reference, directory: join(scratch, "batch"), events: 100, rounds: 5, seconds: 2, target: 0.9,
    name: "appends of 100 events of 200 bytes, 64 connections",
  }),
  () => smallGets({ binary, directory: join(scratch, "small"), nginx, rounds: 5, seconds: 3, target: 1.3 }),
  () => catchUp({ binary, directory: join(scratch, "long"), scratch, nginx, rounds: 7, target: 0.9 }),
  () => clientRows({
    binary, clientBench: join(programs, "client_bench"), remoteBench: join(programs, "remote_bench"), directory: join(scratch, "client"), scratch,
    rounds: 5, produceTarget: 5, readTarget: 0.6,
  }),
  () => idleReaders({ binary, program: join(programs, "live_readers"), directory: join(scratch, "idle"), count: 10_000, target: 1 }),
  () => fanOut({ binary, program: join(programs, "live_readers"), directory: join(scratch, "fan-out"), count: 1_000, rounds: 100, target: 4 }),
  () => liveTail({ binary, directory: join(scratch, "live"), target: 2 }),
  () => placeOrders({ orders, directory: join(scratch, "orders"), rounds: 5, seconds: 3, target: 0.5 }),
]

await report(measurements, options.json)
await nginx.stop()
process.exit(0)
