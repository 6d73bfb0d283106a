// A server on a file system that fills up, is given room, and fills up again.

import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { eventually, freePort, Server, spawnOwned } from "../harness/server.mjs"
import { Ledger, withClient } from "./ledger.mjs"

const binary = process.env.FOLDBACK_BINARY
const isRoot = process.getuid() === 0
const MAX_APPENDS = 2_000
const rounds = Math.ceil(Number(process.env.FOLDBACK_ROUNDS ?? 1))

/** A small file system that only processes started through it see. */
class SmallDisk {
  static async mount(t, mebibytes) {
    const disk = new SmallDisk()
    disk.directory = mkdtempSync(join(tmpdir(), "foldback-full-"))
    const own = isRoot ? ["--mount"] : ["--user", "--map-root-user", "--mount"]
    disk.holder = spawnOwned("unshare", [...own, "--", "sh", "-c",
      `mount -t tmpfs -o size=${mebibytes}m tmpfs "$0" && echo mounted && exec sleep 600`, disk.directory])
    t.after(() => {
      disk.holder.kill("SIGKILL")
      rmSync(disk.directory, { recursive: true, force: true })
    })
    let said = ""
    disk.holder.stdout.on("data", (text) => (said += text))
    await eventually("a small file system", () => said.includes("mounted"))
    return disk
  }

  get enter() {
    return [...(isRoot ? [] : ["--user", "--preserve-credentials"]), "--target", String(this.holder.pid), "--mount", "--"]
  }

  resize(mebibytes) {
    const { status } = spawnSync("nsenter", [...this.enter, "mount", "-o", `remount,size=${mebibytes}m`, this.directory])
    assert.equal(status, 0)
  }

  async server() {
    const server = new Server({ binary, port: await freePort(), dataDir: join(this.directory, "data"), extraArgs: ["--segment-bytes", "1MiB"] })
    server.binary = "nsenter"
    server.args = [...this.enter, binary, ...server.args]
    return server
  }
}

/** Appends until there is no room. */
async function fill(client, ledger) {
  for (let i = 0; i < MAX_APPENDS; i += 1) {
    const status = await ledger.append(client, "x".repeat(60_000))
    if (status === 507) return
    assert.ok(status < 300, `an append to a disk that fills up is answered ${status}`)
  }
  assert.fail("the disk does not fill up")
}

/** A disk that fills up three times; what was acknowledged in the end. */
async function fillAndMakeRoom(t) {
  const disk = await SmallDisk.mount(t, 12)
  const server = await disk.server()
  t.after(() => server.kill())
  const ledger = new Ledger("ledger")
  await server.start()
  for (const mebibytes of [20, 28, 36]) {
    await withClient(server, async (client) => {
      assert.ok(await ledger.create(client))
      await fill(client, ledger)
      await ledger.verify(client)
    })
    assert.equal((await server.stop()).code, 0)
    await server.start()
    await withClient(server, async (client) => {
      await ledger.verify(client)
      disk.resize(mebibytes)
      await eventually("appends to be taken again", async () => (await ledger.append(client)) < 300, 5_000)
      await ledger.verify(client)
    })
  }
  assert.equal((await server.stop()).code, 0)
  disk.holder.kill("SIGKILL")
  return ledger.acknowledged
}

test("a full disk refuses appends, serves reads, restarts, and takes appends when there is room again", async (t) => {
  let appends = 0
  for (let i = 0; i < rounds; i += 1) appends += await fillAndMakeRoom(t)
  console.log(`${3 * rounds} times full, ${appends} appends`)
})

test("a full disk takes deletions, and then appends again", async (t) => {
  let times = 0
  for (let i = 0; i < rounds; i += 1) {
    const disk = await SmallDisk.mount(t, 16)
    const server = await disk.server()
    t.after(() => server.kill())
    const kept = new Ledger("kept")
    await server.start()
    for (; times < 3 * (i + 1); times += 1) {
      await withClient(server, async (client) => {
        assert.ok(await kept.create(client))
        const filler = new Ledger(`deleted-${times}`)
        assert.ok(await filler.create(client))
        await fill(client, filler)
        await kept.verify(client)
        assert.equal((await client.send("DELETE", filler.path)).status, 204)
        await eventually("appends to be taken again", async () => (await kept.append(client)) < 300, 5_000)
        await kept.verify(client)
      })
    }
    assert.equal((await server.stop()).code, 0)
    disk.holder.kill("SIGKILL")
  }
  console.log(`${times} times full, room made by deletions`)
})
