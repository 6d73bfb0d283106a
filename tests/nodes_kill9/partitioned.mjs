// Two nodes over one store in several logs, of which one is killed again and again.

import http from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import { join } from "node:path"
import { readdirSync, writeFileSync } from "node:fs"
import { Server, eventually } from "../harness/server.mjs"
import { Writer, head, readAll } from "./clients.mjs"

const json = { "content-type": "application/json" }

export async function partitioned({ binary, database, scratch, random }) {
  database.run("CREATE SCHEMA spread")
  const log = ["--log", `${database.url}&options=-csearch_path%3Dspread`]
  const archive = join(scratch, "spread-archive")
  const extraArgs = [...log, "--partitions", "3", "--archive", archive, "--segments-in-database", "1", "--segment-bytes", String(1 << 20)]
  const rules = join(scratch, "spread-retention")
  writeFileSync(rules, "*/short max-messages=3\n")
  const keeping = ["--keeper", "--allow-local-webhooks", "--retention-file", rules, "--retention-interval-ms", "200"]
  const nodes = [
    await Server.start({ binary, dataDir: join(scratch, "spread-0"), extraArgs: [...extraArgs, ...keeping] }),
    await Server.start({ binary, dataDir: join(scratch, "spread-1"), extraArgs }),
  ]
  const streams = Array.from({ length: 8 }, (_, i) => `tenant-${i}/orders`)
  for (const stream of streams) await fetch(nodes[0].streamUrl(stream), { method: "PUT", headers: json })
  const subscribers = await subscribe(nodes[0])

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
  await wakesForAllStreams(nodes[0], streams, subscribers)
  await keepsWhatTheRulesSay(nodes)
  await refusesWhatSpans(nodes[0], streams)
  for (const node of [...nodes, late]) await node.stop()
  if (readdirSync(join(scratch, "spread-late")).length !== 3) throw new Error("it has not a directory for each partition")
  await refusesAnotherNumber(binary, scratch, log)
}

/** A receiver of webhooks and a worker, for the streams of all logs, with wakes in a stream that is in one of them. */
async function subscribe(keeper) {
  const done = (wake) => {
    const acks = wake.streams.map(({ path, tail_offset: offset }) => ({ stream: path, offset }))
    return { wake_id: wake.wake_id, generation: wake.generation, acks, done: true }
  }
  const receiver = http.createServer(async (request, response) => {
    const parts = []
    for await (const part of request) parts.push(part)
    response.setHeader("content-type", "application/json").end(JSON.stringify(done(JSON.parse(Buffer.concat(parts)))))
  })
  await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve))
  const ask = async (method, path, body, headers = {}) => {
    const answer = await fetch(keeper.streamUrl(path), { method, headers: { ...json, ...headers }, body: body && JSON.stringify(body) })
    const text = await answer.text()
    return { status: answer.status, body: text === "" ? null : JSON.parse(text) }
  }
  for (const wakes of ["wakes-0", "wakes-1", "wakes-2", "wakes-3"]) await ask("PUT", wakes)
  const subscriptions = {
    hook: { type: "webhook", pattern: "*/orders", webhook: { url: `http://127.0.0.1:${receiver.address().port}/` } },
  }
  // Of four streams for wakes in three logs one at least is elsewhere than the subscriptions' own.
  for (const i of [0, 1, 2, 3]) subscriptions[`pull-${i}`] = { type: "pull-wake", pattern: "*/orders", wake_stream: `wakes-${i}` }
  for (const [id, body] of Object.entries(subscriptions)) {
    const { status } = await ask("PUT", `__ds/subscriptions/${id}`, body)
    if (status !== 201) throw new Error(`the subscription ${id} was answered ${status}`)
  }
  const work = async (id) => {
    const claim = await ask("POST", `__ds/subscriptions/${id}/claim`, { worker: "w" })
    if (claim.status !== 200) return
    await ask("POST", `__ds/subscriptions/${id}/ack`, done(claim.body), { authorization: `Bearer ${claim.body.token}` })
  }
  return { ask, work, ids: Object.keys(subscriptions), end: () => receiver.close() }
}

async function wakesForAllStreams(node, streams, { ask, work, ids, end }) {
  for (const id of ids) {
    await eventually(`${id} to have all of all streams`, async () => {
      if (id !== "hook") await work(id)
      const links = (await ask("GET", `__ds/subscriptions/${id}`)).body.streams
      const tails = await Promise.all(streams.map((stream) => head(node, stream)))
      return streams.every((stream, i) => links.find((link) => link.path === stream)?.acked_offset === tails[i])
    })
  }
  for (const i of [0, 1, 2, 3]) if ((await readAll(node, `wakes-${i}`)).length === 0) throw new Error(`wakes-${i} is empty`)
  end()
}

async function keepsWhatTheRulesSay([keeper, other]) {
  const streams = Array.from({ length: 6 }, (_, i) => `tenant-${i}/short`)
  for (const stream of streams) {
    await fetch(other.streamUrl(stream), { method: "PUT", headers: json, body: "[1,2,3,4,5]" })
  }
  for (const node of [keeper, other]) {
    for (const stream of streams) {
      await eventually(`${stream} to be cut`, async () => (await readAll(node, stream)).join() === "3,4,5")
    }
  }
}

async function refusesWhatSpans(node, streams) {
  const listed = await (await fetch(`${node.url}/v1/streams?prefix=tenant-`)).text()
  if (streams.some((stream) => !listed.includes(stream))) throw new Error(`the list is ${listed}`)
  const asked = {
    feed: fetch(`${node.url}/v1/feed?offset=-1`),
    "live feed": fetch(`${node.url}/v1/feed?live=long-poll`),
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
