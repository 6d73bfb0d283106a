// Our C++ client (bin/bench/client_bench): its producer against that of the official TypeScript client, and what it reads
// into structs against the bytes that curl throws away; and the store over HTTP (bin/bench/remote_bench) against that client.

import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { Server } from "../../harness/server.mjs"
import { curlConfiguration, EVENTS, fetchAll, fill, follow } from "./catch_up.mjs"
import { createStream, here, interleaved, send } from "./measure.mjs"

const PRODUCED_EVENTS = 500_000

/** Seconds that a program says it took. */
async function seconds(command, ...args) {
  const { stdout } = await promisify(execFile)(command, args.map(String))
  return JSON.parse(stdout).seconds
}

async function produced(server, clientBench, rounds, target) {
  const peers = [
    (url) => seconds(clientBench, "produce", url, PRODUCED_EVENTS),
    (url) => seconds(process.execPath, join(here, "client_producer.mjs"), url, PRODUCED_EVENTS),
  ]
  let run = 0
  const [value, peerValue] = await interleaved(peers, rounds, async (produce) => {
    const name = `bench/produced-${++run}`
    await createStream(server, name)
    const took = await produce(server.streamUrl(name))
    await send("DELETE", server.streamUrl(name), { expected: [204] })
    return PRODUCED_EVENTS / took
  })
  return {
    name: "events of 200 bytes by a producer of our client, one connection",
    value,
    unit: "events/s",
    peer: "npm @durable-streams/client, the same server",
    peer_value: peerValue,
    ratio: value / peerValue,
    target,
  }
}

async function decoded(server, clientBench, scratch, rounds, target) {
  await fill(server)
  const chunks = await follow(server)
  const bytes = chunks.reduce((sum, { body }) => sum + body.length, 0)
  const configuration = curlConfiguration(join(scratch, "client-curl.conf"), chunks.map(({ url }) => url))
  const peers = [
    async () => bytes / (await seconds(clientBench, "catch_up", server.streamUrl("bench/long"), EVENTS)),
    () => fetchAll(configuration, bytes),
  ]
  const [value, peerValue] = await interleaved(peers, rounds, (measure) => measure())
  return {
    name: `catch-up of ${EVENTS.toLocaleString("en")} events of 200 bytes into structs by our client`,
    value: value / 1e6,
    unit: "MB/s",
    peer: "curl, the same bytes to nowhere",
    peer_value: peerValue / 1e6,
    ratio: value / peerValue,
    target,
  }
}

/** Repositories and reads over HttpStore against the same by the client; the program has the targets and says why. */
async function remoteRows(server, remoteBench) {
  const { stdout } = await promisify(execFile)(remoteBench, [server.url])
  return JSON.parse(stdout)
}

export async function clientRows({ binary, clientBench, remoteBench, directory, scratch, rounds, produceTarget, readTarget }) {
  const server = await Server.start({ binary, dataDir: directory })
  try {
    return [
      await produced(server, clientBench, rounds, produceTarget),
      await decoded(server, clientBench, scratch, rounds, readTarget),
      ...(await remoteRows(server, remoteBench)),
    ]
  } finally {
    await server.kill()
  }
}
