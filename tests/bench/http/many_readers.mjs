// What it costs to have many readers: memory while they wait, and time until all of them have an append.

import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { Server, spawnOwned } from "../../harness/server.mjs"
import { createStream, percentile } from "./measure.mjs"

const LIMITS = ["--max-connections", "20000", "--max-connections-per-address", "20000", "--max-waiters", "20000",
  "--max-waiters-per-stream", "20000"]
const PATH = "/v1/stream/bench/read-by-many"

async function withServer(binary, directory, work) {
  const server = await Server.start({ binary, dataDir: directory, extraArgs: LIMITS })
  try {
    await createStream(server, "bench/read-by-many")
    return await work(server)
  } finally {
    await server.kill()
  }
}

function residentBytes(pid) {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1])
}

function readers(program, ...args) {
  return spawnOwned(program, args.map(String), { stdio: ["pipe", "pipe", "inherit"] })
}

async function firstLine(child) {
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error("the readers ended early")
}

export function idleReaders({ binary, program, directory, count, target }) {
  return withServer(binary, directory, async (server) => {
    const hundred = readers(program, "idle", server.port, PATH, 100) // what the first readers take once
    await firstLine(hundred)
    const before = residentBytes(server.pid)
    const many = readers(program, "idle", server.port, PATH, count)
    await firstLine(many)
    const each = (residentBytes(server.pid) - before) / count
    for (const child of [hundred, many]) {
      child.stdin.end()
      if (child.exitCode === null) await once(child, "exit")
    }
    return [{
      name: `memory of each of ${count.toLocaleString("en")} idle SSE readers`,
      value: each,
      unit: "bytes",
      peer: "bound",
      peer_value: 4096,
      ratio: each / 4096,
      target,
      lowerIsBetter: true,
    }]
  })
}

export function fanOut({ binary, program, directory, count, rounds, target }) {
  return withServer(binary, directory, async (server) => {
    const { append, loop } = JSON.parse(await firstLine(readers(program, "fan-out", server.port, PATH, count, rounds)))
    return [0.5, 0.99].map((part) => {
      const [value, peerValue] = [append, loop].map((latencies) => percentile(latencies, part))
      return {
        name: `one append to ${count.toLocaleString("en")} SSE readers, p${part * 100}`,
        value,
        unit: "ms",
        peer: "a loop that writes the same bytes to as many sockets",
        peer_value: peerValue,
        ratio: value / peerValue,
        target: part === 0.99 ? target : null,
        lowerIsBetter: true,
      }
    })
  })
}
