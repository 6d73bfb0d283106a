// Redis Streams: an append-only file that is flushed before anything is acknowledged.

import { execFile } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { eventually, freePort, spawnOwned } from "../../harness/server.mjs"

const run = promisify(execFile)
const CLIENTS = 64
const STREAMS = 64

export class Redis {
  #port

  static async start(scratch) {
    const redis = new Redis()
    const directory = join(scratch, "redis")
    mkdirSync(directory)
    redis.#port = await freePort()
    const settings = {
      bind: "127.0.0.1", port: redis.#port, dir: directory, save: "", appendonly: "yes", appendfsync: "always",
      "auto-aof-rewrite-percentage": 0, daemonize: "no",
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    redis.process = spawnOwned("redis-server", args, { stdio: "ignore" })
    await eventually("Redis to answer", () => redis.#ask("PING").catch(() => false))
    return redis
  }

  /** Events appended per second by redis-benchmark, for about so many seconds when they come at about `expectedRate`. */
  async append({ event, pipelined, seconds, expectedRate }) {
    const requests = Math.max(CLIENTS * pipelined, Math.round(seconds * expectedRate))
    const { stdout } = await run("redis-benchmark", [
      "-h", "127.0.0.1", "-p", String(this.#port), "-c", String(CLIENTS), "-n", String(requests), "-P", String(pipelined),
      "-r", String(STREAMS), "--csv", "XADD", "stream:__rand_int__", "*", "event", event,
    ])
    // The last line ends with: requests per second, and latencies: average, least, p50, p95, p99, most.
    const rate = Number(stdout.trim().split('","').at(-7))
    const statistics = await this.#ask("INFO", "commandstats")
    if (!/cmdstat_xadd:.*failed_calls=0\b/.test(statistics)) throw new Error(`appends to Redis failed: ${statistics}`)
    await this.#ask("FLUSHALL") // what it has lies in memory
    return rate
  }

  async #ask(...words) {
    const { stdout } = await run("redis-cli", ["-h", "127.0.0.1", "-p", String(this.#port), ...words])
    return stdout
  }
}
