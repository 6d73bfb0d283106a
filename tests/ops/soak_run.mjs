// soak_run.mjs <minutes> [<ms to rest between requests>]: the soak by itself, for as long as one has time.

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort, Server } from "../harness/server.mjs"
import { SMALL_CACHES, soak } from "./soak.mjs"

const minutes = Number(process.argv[2] ?? 3)
const restMs = Number(process.argv[3] ?? 0)
const directory = mkdtempSync(join(tmpdir(), "foldback-soak-"))
const adminPort = await freePort()
const server = await Server.start({
  binary: process.env.FOLDBACK_BINARY,
  dataDir: join(directory, "data"),
  extraArgs: ["--admin-listen", `127.0.0.1:${adminPort}`, ...SMALL_CACHES],
})
server.admin = `http://127.0.0.1:${adminPort}`
try {
  const { lines, problems } = await soak(server, minutes * 60, { tell: console.log, restMs })
  console.log(`${Math.round(minutes * 60)} seconds of mixed load`)
  for (const line of lines) console.log(line)
  for (const problem of problems) console.log(`PROBLEM: ${problem}`)
  const exit = await server.stop(15_000)
  if (exit.code !== 0) problems.push("the server did not end cleanly")
  console.log(problems.length === 0 ? "1 passed, 0 failed" : "0 passed, 1 failed")
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await server.kill()
  rmSync(directory, { recursive: true, force: true })
}
