// run.mjs <binary> <seconds> <seed>: a few nodes, a database, and everything that can befall them.

import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { Postgres } from "../harness/postgres.mjs"
import { Random } from "../harness/random.mjs"
import { Server, eventually } from "../harness/server.mjs"
import { partitioned } from "./partitioned.mjs"
import { archiverKilled } from "./archiver_killed.mjs"
import { expiring } from "./expiring.mjs"
import { Writer, head, read, readAll } from "./clients.mjs"

const binary = process.argv[2]
const seconds = Number(process.argv[3])
const random = new Random(Number(process.argv[4]))
const streams = ["orders/1", "orders/2", "orders/3"]
const scratch = mkdtempSync(join(tmpdir(), "foldback-nodes-"))
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))

const outcomes = []
async function test(name, body) {
  try {
    await body()
    outcomes.push(true)
  } catch (error) {
    outcomes.push(false)
    console.log(`FAILED ${name}\n${error.stack}`)
  }
}
function check(condition, what) {
  if (!condition) throw new Error(what)
}

const database = await Postgres.start()
const archive = join(scratch, "archive")
const archiving = ["--archive", archive, "--segments-in-database", "1", "--segment-bytes", String(1 << 20)]
const nodes = []
for (let i = 0; i < 3; ++i) {
  const extraArgs = ["--log", database.url, ...archiving, ...(i === 0 ? ["--keeper"] : [])]
  const options = { binary, dataDir: join(scratch, `node-${i}`), longPollTimeoutMs: 10_000, extraArgs }
  nodes.push(await Server.start(options))
}

await test("what is acknowledged by one node is read from the others at once", async () => {
  const created = await fetch(nodes[0].streamUrl("calm"), { method: "PUT", headers: { "content-type": "application/json" } })
  check(created.status === 201, `it was not created: ${created.status}`)
  for (let i = 0; i < 60; ++i) {
    const headers = { "content-type": "application/json" }
    const appended = await fetch(nodes[i % 3].streamUrl("calm"), { method: "POST", headers, body: String(i) })
    const next = appended.headers.get("stream-next-offset")
    check(appended.status === 204, `append ${i} was answered ${appended.status}`)
    const other = nodes[(i + 1) % 3]
    check((await head(other, "calm")) === next, `HEAD after append ${i} shows another tail`)
    check((await read(nodes[(i + 2) % 3], "calm")).length === i + 1, `a read after append ${i} lacks it`)
  }
})

await test("a long-poll on one node is answered by an append on another", async () => {
  const tail = await head(nodes[1], "calm")
  const waiting = fetch(`${nodes[1].streamUrl("calm")}?offset=${tail}&live=long-poll`)
  await pause(50)
  const headers = { "content-type": "application/json" }
  await fetch(nodes[2].streamUrl("calm"), { method: "POST", headers, body: '"news"' })
  const begun = performance.now()
  const answer = await waiting
  check(answer.status === 200, `it was answered ${answer.status}`)
  check((await answer.json())[0] === "news", "it was answered with something else")
  check(performance.now() - begun < 5_000, "it took too long")
})

await test("a condition that another node has overtaken is refused", async () => {
  const tail = await head(nodes[0], "calm")
  const headers = { "content-type": "application/json", "if-match": `"${tail}"` }
  const answers = []
  for (const node of nodes) answers.push((await fetch(node.streamUrl("calm"), { method: "POST", headers, body: "1" })).status)
  check(answers.join() === "204,412,412", `they were answered ${answers}`)
})

await test("a stream that is read on one node does not expire on another, and one that is idle does on both", () =>
  expiring([nodes[1], nodes[2]], () => Number(database.run("SELECT count(*) FROM foldback_commits"))))

await test("subscriptions are the keeper's, and there is one", async () => {
  const statuses = []
  for (const node of nodes) statuses.push((await fetch(`${node.streamUrl("__ds")}/subscriptions/none`)).status)
  check(statuses.join() === "404,503,503", `they answered ${statuses}`)
  const extraArgs = ["--log", database.url, "--keeper"]
  const second = new Server({ binary, port: 0, dataDir: join(scratch, "second-keeper"), extraArgs })
  second.spawn()
  const exit = await second.exited()
  check(exit.code === 78 && second.log.includes("another node is the keeper"), `a second one ended with ${exit.code}`)
})

await test("no acknowledged append is lost or doubled, and all nodes end the same", async () => {
  for (const stream of streams) {
    await fetch(nodes[0].streamUrl(stream), { method: "PUT", headers: { "content-type": "application/json" } })
  }
  const writers = []
  for (let i = 0; i < 6; ++i) writers.push(new Writer(`w${i}`, streams[i % streams.length], nodes, new Random(random.integer(0, 1e9))))
  const working = writers.map((writer) => writer.run())
  const end = performance.now() + seconds * 1000
  const befell = {}
  while (performance.now() < end) {
    await pause(random.integer(100, 800))
    const what = random.pick(["kill a node", "kill a node", "a node starts empty", "cut connections", "restart the database", "crash the database"])
    befell[what] = (befell[what] ?? 0) + 1
    await befall(what)
  }
  for (const writer of writers) writer.stop()
  await Promise.all(working)
  const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0)
  console.log(`${acknowledged} appends acknowledged; ${Object.entries(befell).map(([what, times]) => `${what}: ${times}`).join(", ")}`)
  check(acknowledged > 50, "hardly anything was acknowledged")
  for (const node of nodes) if (!node.alive) await node.start()
  for (const writer of writers) {
    const all = (await readAll(nodes[0], writer.stream)).filter((message) => message.by === writer.name)
    const numbers = all.map((message) => message.n)
    check(numbers.every((n, i) => n === i), `${writer.name} finds ${JSON.stringify(numbers.slice(0, 50))}`)
    check(numbers.length >= writer.acknowledged.length, `${writer.name} misses what was acknowledged`)
  }
  const hashes = []
  for (const node of nodes) hashes.push(await stateHash(node))
  check(new Set(hashes).size === 1, `the nodes differ: ${hashes}`)
})

await test("what was moved to the archive meanwhile is there whole, and an empty node that joins ends the same", async () => {
  const moved = "SELECT count(*) FROM (SELECT FROM foldback_commits GROUP BY segment HAVING count(*) = 1) AS seals"
  const isMoved = () => Number(database.run(moved)) > 0
  while (!isMoved()) {
    await new Writer("filler", "orders/1", nodes, random).append({ pad: "x".repeat(1 << 19) })
    await pause(20)
  }
  execFileSync(binary, ["verify", "--data", archive])
  const extraArgs = ["--log", database.url, ...archiving]
  const late = await Server.start({ binary, dataDir: join(scratch, "late"), extraArgs })
  const hashes = [await stateHash(nodes[0]), await stateHash(late)]
  await late.stop()
  check(hashes[0] === hashes[1], "the node that joined differs")
  console.log(`${database.run(moved).trim()} segments were moved out of the database`)
})

await test("an archiver killed in the middle of writing a segment, or of removing one, leaves each commit in one place", () =>
  archiverKilled({ binary, database, scratch, random }))

async function befall(what) {
  const node = random.pick(nodes)
  if (what === "kill a node" || what === "a node starts empty") {
    await node.kill()
    if (what === "a node starts empty") rmSync(node.dataDir, { recursive: true, force: true })
    await startPatiently(node)
  } else if (what === "cut connections") {
    database.cutSessions()
  } else {
    await database.end(what === "restart the database" ? "SIGINT" : "SIGKILL")
    await pause(random.integer(0, 300))
    await eventually("the database to start again", () => database.start().then(() => true, () => false))
  }
}

/** The keeper's lock goes with its session, whose end the database must notice. */
async function startPatiently(node) {
  await eventually(`a node to start\n${node.log}`, () => node.start().then(() => true, () => false), 20_000, 50)
}

async function stateHash(node) {
  const hash = createHash("sha256")
  for (const stream of [...streams, "calm"]) hash.update(JSON.stringify([await head(node, stream), await readAll(node, stream)]))
  hash.update(JSON.stringify(await readAll(node, "", `${node.url}/v1/feed`)))
  return hash.digest("hex")
}

await test("a store in several logs outlives its nodes, and refuses what spans them", () =>
  partitioned({ binary, database, scratch, random }))

for (const node of nodes) await node.stop()
await database.end("SIGINT")
const failed = outcomes.filter((ok) => !ok).length
console.log(`${outcomes.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
