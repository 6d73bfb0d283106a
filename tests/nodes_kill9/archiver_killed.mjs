// A node that moves segments to the archive, killed again and again while it does.

import { execFileSync } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { Server, eventually } from "../harness/server.mjs"

const segmentBytes = 16 << 20
const bodies = 80

export async function archiverKilled({ binary, database, scratch, random }) {
  database.run("CREATE SCHEMA killed")
  const archive = join(scratch, "killed-archive")
  const log = ["--log", `${database.url}&options=-csearch_path%3Dkilled`, "--segment-bytes", String(segmentBytes)]
  const archiving = [...log, "--archive", archive, "--segments-in-database", "1"]
  const writer = await Server.start({ binary, dataDir: join(scratch, "killed-writer"), extraArgs: log })
  const written = await write(writer)
  const node = new Server({ binary, port: 0, dataDir: join(scratch, "killed-archiver"), extraArgs: archiving })
  const rows = () => Number(database.run("SELECT count(*) FROM killed.foldback_commits"))
  const all = rows()
  const unfinished = () => (existsSync(archive) ? readdirSync(archive).filter((name) => name.endsWith(".new")) : [])

  let writing = 0
  for (let round = 0; round < 4; ++round) {
    const before = unfinished()
    const writes = () => unfinished().some((name) => !before.includes(name))
    node.spawn()
    await eventually(`a segment to be written\n${node.log}`, () => writes() || rows() < all, 20_000, 1)
    await pause(random.integer(0, 10))
    await node.kill()
    writing += writes() ? 1 : 0
  }
  let removing = 0
  for (let round = 0, left = all; round < 3; ++round) {
    node.spawn()
    await eventually(`a segment to be removed\n${node.log}`, () => rows() < left || rows() < all / 3, 20_000, 1)
    await node.kill()
    removing += rows() > all / 3 ? 1 : 0
    left = rows()
  }
  console.log(`killed ${writing} times while it wrote, ${removing} times while it removed`)

  node.spawn()
  await eventually(`the archiver to come to its end\n${node.log}`, () => rows() < all / 3 && unfinished().length === 0)
  execFileSync(binary, ["verify", "--data", archive])
  const late = await Server.start({ binary, dataDir: join(scratch, "killed-late"), extraArgs: archiving })
  if ((await readHash(late)) !== written) throw new Error("the node that joined has something else")
  for (const one of [node, writer, late]) await one.stop()
}

/** The hash of what was written. */
async function write(node) {
  const hash = createHash("sha256")
  const headers = { "content-type": "application/octet-stream" }
  await fetch(node.streamUrl("bytes"), { method: "PUT", headers })
  for (let i = 0; i < bodies; ++i) {
    const body = randomBytes(1 << 20)
    const answer = await fetch(node.streamUrl("bytes"), { method: "POST", headers, body })
    if (answer.status !== 204) throw new Error(`an append was answered ${answer.status}`)
    hash.update(body)
  }
  return hash.digest("hex")
}

async function readHash(node) {
  const hash = createHash("sha256")
  for (let offset = "-1"; ; ) {
    const answer = await fetch(`${node.streamUrl("bytes")}?offset=${offset}`)
    if (answer.status !== 200) throw new Error(`a read was answered ${answer.status}`)
    hash.update(Buffer.from(await answer.arrayBuffer()))
    offset = answer.headers.get("stream-next-offset")
    if (answer.headers.get("stream-up-to-date") === "true") return hash.digest("hex")
  }
}
