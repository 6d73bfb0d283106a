// Two nodes over one store in several logs, of which one is killed again and again.

import { setTimeout as pause } from "node:timers/promises"
import { join } from "node:path"
import { readdirSync } from "node:fs"
import { Server, eventually } from "../harness/server.mjs"
import { Writer, head, readAll } from "./clients.mjs"

const json = { "content-type": "application/json" }

export async function partitioned({ binary, database, scratch, random }) {
  database.run("CREATE SCHEMA spread")
  const log = ["--log", `${database.url}&options=-csearch_path%3Dspread`]
  const archive = join(scratch, "spread-archive")
  const extraArgs = [...log, "--partitions", "3", "--archive", archive, "--segments-in-database", "1", "--segment-bytes", String(1 << 20)]
  const nodes = []
  for (const name of ["spread-0", "spread-1"]) {
    nodes.push(await Server.start({ binary, dataDir: join(scratch, name), extraArgs }))
  }
  const streams = Array.from({ length: 8 }, (_, i) => `tenant-${i}/orders`)
  for (const stream of streams) await fetch(nodes[0].streamUrl(stream), { method: "PUT", headers: json })

  const writers = streams.map((stream, i) => new Writer(`p${i}`, stream, nodes, random.fork(i)))
  const working = writers.map((writer) => writer.run())
  for (let i = 0; i < 3; ++i) {
    await pause(random.integer(200, 500))
    await nodes[1].kill()
    await nodes[1].start()
  }
  for (const writer of writers) writer.stop()
  await Promise.all(working)

  const late = await Server.start({ binary, dataDir: join(scratch, "spread-late"), extraArgs })
  for (const writer of writers) {
    for (const node of [...nodes, late]) {
      const numbers = (await readAll(node, writer.stream)).map((message) => message.n)
      if (numbers.some((n, i) => n !== i) || numbers.length < writer.acknowledged.length) {
        throw new Error(`${writer.stream} has ${numbers.length} messages, acknowledged were ${writer.acknowledged.length}`)
      }
    }
    if ((await head(nodes[0], writer.stream)) !== (await head(late, writer.stream))) throw new Error("the tails differ")
  }
  await refusesWhatSpans(nodes[0], streams)
  for (const node of [...nodes, late]) await node.stop()
  if (readdirSync(join(scratch, "spread-late")).length !== 3) throw new Error("it has not a directory for each partition")
  await refusesAnotherNumber(binary, scratch, log)
}

async function refusesWhatSpans(node, streams) {
  const listed = await (await fetch(`${node.url}/v1/streams?prefix=tenant-`)).text()
  if (streams.some((stream) => !listed.includes(stream))) throw new Error(`the list is ${listed}`)
  const asked = {
    feed: fetch(`${node.url}/v1/feed?offset=-1`),
    "live feed": fetch(`${node.url}/v1/feed?live=long-poll`),
    subscription: fetch(`${node.streamUrl("__ds")}/subscriptions/any`),
  }
  // Of eight streams in three partitions one at least is elsewhere than the first.
  const forks = streams.slice(1).map((stream) => {
    const headers = { "stream-forked-from": `/v1/stream/${streams[0]}` }
    return fetch(node.streamUrl(`${stream.replace("/orders", "")}/fork`), { method: "PUT", headers })
  })
  for (const [what, answer] of Object.entries(asked)) await mustBeRefused(what, await answer)
  const answers = await Promise.all(forks)
  const refused = answers.filter((answer) => answer.status === 400)
  if (refused.length === 0 || refused.length === answers.length) throw new Error(`forks: ${answers.map((one) => one.status)}`)
  for (const answer of refused) await mustBeRefused("a fork", answer)
}

async function mustBeRefused(what, answer) {
  const problem = await answer.json()
  if (answer.status !== 400 || problem.code !== "across-partitions") {
    throw new Error(`${what} was answered ${answer.status} ${JSON.stringify(problem)}`)
  }
}

async function refusesAnotherNumber(binary, scratch, log) {
  for (const partitions of ["1", "4"]) {
    const extraArgs = [...log, "--partitions", partitions]
    const other = new Server({ binary, port: 0, dataDir: join(scratch, `spread-as-${partitions}`), extraArgs })
    other.spawn()
    const exit = await eventually("it to end", () => other.exited())
    if (exit.code !== 78) throw new Error(`with ${partitions} partitions it ended with ${exit.code}\n${other.log}`)
  }
}
