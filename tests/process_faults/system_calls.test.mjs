// One system call after another of the real program fails, or is its last.

import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { eventually, freePort, Server } from "../harness/server.mjs"
import { Ledger, unlessGone, withClient } from "./ledger.mjs"

const binary = process.env.FOLDBACK_BINARY
const rounds = Number(process.env.FOLDBACK_ROUNDS ?? 1)
const EXIT_OF_A_BROKEN_STORE = [70, 78]

/** The files of a store, of which the calls are counted and fail: not what the program is loaded from. */
const files = ["", "/FORMAT", "/FORMAT.new", "/next.spare", "/next.blank", "/next.filling", "/index.db", "/index.db-wal", "/index.db-journal",
  ...Array.from({ length: 20 }, (_, i) => `/${String(i + 1).padStart(10, "0")}.segment`)]

/** A server whose system calls `fault` says how to treat; null: none of them. -D: strace is not in the way of signals. */
function serverUnder(fault, options) {
  const server = new Server({ binary, ...options, extraArgs: ["--segment-bytes", "1MiB"] })
  if (fault === null) return server
  server.binary = "strace"
  server.args = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${fault.calls}`,
    ...files.flatMap((file) => ["-P", options.dataDir + file]), "-e", `inject=${fault.calls}:${fault.what}`, "--", binary, ...server.args]
  return server
}

/** Starts, works and stops; how the process ended, and how often a request was refused. */
async function life(server, ledger) {
  let refused = 0
  try {
    await server.start()
  } catch (error) {
    if (!String(error).includes("ended before it answered")) throw error
    return { exit: await server.exited(), refused }
  }
  await withClient(server, (client) => unlessGone(async () => {
    if (!(await ledger.create(client))) refused += 1
    for (let i = 0; i < 6; i += 1) if ((await ledger.append(client, "x".repeat(2_000 * i))) >= 300) refused += 1
    await client.send("GET", `${ledger.path}?offset=-1`)
  }))
  return { exit: await server.stop(), refused }
}

/** One data directory through all faults: each start finds what the one before left. */
async function sweep(t, faults, isFine) {
  const directory = mkdtempSync(join(tmpdir(), "foldback-faults-"))
  const options = { port: await freePort(), dataDir: join(directory, "data") }
  const ledger = new Ledger("ledger")
  const counts = { runs: 0, killed: 0, broken: 0, refused: 0 }
  let server
  t.after(async () => {
    await server?.kill()
    rmSync(directory, { recursive: true, force: true })
  })
  const check = async () => {
    server = serverUnder(null, options)
    await server.start()
    await withClient(server, async (client) => {
      assert.ok(await ledger.create(client))
      await ledger.verify(client)
      assert.ok((await ledger.append(client)) < 300, "a sound server refuses an append")
      await ledger.verify(client)
    })
    assert.equal((await server.stop()).code, 0)
  }
  for (const fault of faults) {
    server = serverUnder(fault, options)
    const { exit, refused } = await life(server, ledger)
    counts.runs += 1
    if (exit.signal === "SIGKILL") counts.killed += 1
    else if (exit.code !== 0) counts.broken += 1
    counts.refused += refused
    assert.ok(isFine(exit), `${fault.calls} ${fault.what}: the server ended with ${exit.code ?? exit.signal}\n${server.log}`)
    if (counts.runs % 8 === 0) await check()
  }
  await check()
  console.log(`${counts.runs} runs, ${counts.killed} killed, ${counts.broken} stopped by themselves, ` +
    `${counts.refused} requests refused, ${ledger.acknowledged} appends`)
  return counts
}

function* numbered(last, make) {
  for (let n = 1; n <= last * rounds; n += 1) yield* make(n)
}

test("a server killed at any write, flush, opening or renaming keeps what it acknowledged", async (t) => {
  // In the first way the call is done, in the second it is not.
  const counts = await sweep(t, numbered(10, (n) => ["signal=KILL", "error=EIO:signal=KILL"].flatMap((how) => [
    { calls: "pwrite64", what: `${how}:when=${n}` },
    { calls: "fdatasync,fsync", what: `${how}:when=${n}` },
    { calls: "openat", what: `${how}:when=${n}` },
    { calls: "renameat,unlinkat,unlink,ftruncate,fallocate", what: `${how}:when=${n}` },
  ])), ({ code, signal }) => signal === "SIGKILL" || code === 0)
  // Beyond the last call of a life there is nothing left to be killed at.
  assert.ok(counts.killed >= 20)
})

test("a server whose calls fail refuses or stops, and keeps what it acknowledged", async (t) => {
  const counts = await sweep(t, numbered(5, (n) => [
    ["pwrite64", "EIO"], ["pwrite64", "ENOSPC"], ["fdatasync,fsync", "EIO"], ["fallocate", "ENOSPC"], ["pread64", "EIO"],
    ["renameat", "EIO"],
  ].flatMap(([calls, error]) => [
    { calls, what: `error=${error}:when=${n}` },
    { calls, what: `error=${error}:when=${n}+` },
  ])), ({ code }) => code === 0 || EXIT_OF_A_BROKEN_STORE.includes(code))
  assert.ok(counts.broken + counts.refused > 0)
})

test("a server that is stopped while its disk is slow cuts off who waits, and ends in order", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "foldback-slow-"))
  const options = { port: await freePort(), dataDir: join(directory, "data"), environment: { FOLDBACK_SHUTDOWN_TIMEOUT_MS: "50" } }
  const ledgers = ["a", "b", "c"].map((name) => new Ledger(name))
  let server = serverUnder(null, options)
  t.after(async () => {
    await server.kill()
    rmSync(directory, { recursive: true, force: true })
  })
  await server.start()
  await withClient(server, async (client) => {
    for (const ledger of ledgers) assert.ok(await ledger.create(client))
  })
  assert.equal((await server.stop()).code, 0)

  server = serverUnder({ calls: "fdatasync", what: "delay_enter=700000" }, options)
  await server.start()
  await withClient(server, async (client) => {
    const appends = ledgers.map((ledger) => unlessGone(() => ledger.append(client, "is on its way")))
    await eventually("an append to be written", () => readFileSync(`${options.dataDir}/0000000001.segment`).includes("is on its way"))
    assert.deepEqual(await server.stop(30_000), { code: 1, signal: null }, server.log)
    assert.deepEqual(await Promise.all(appends), [null, null, null])
  })

  server = serverUnder(null, options)
  await server.start()
  await withClient(server, async (client) => {
    for (const ledger of ledgers) await ledger.verify(client)
  })
  assert.equal((await server.stop()).code, 0)
})
