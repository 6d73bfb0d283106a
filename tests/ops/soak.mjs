// Mixed load for a while: appends, producers, catch-up, long-poll and SSE readers that come and go, streams that are created,
// truncated and deleted, and clients that hang up in the middle. Then: did anything grow?

import { setTimeout as pause } from "node:timers/promises"
import { append, create, metrics, readAll } from "./operated.mjs"

/** Caches that fill within seconds, so that what grows after that is no cache. */
export const SMALL_CACHES = [
  ...["--segment-bytes", "8MiB"],
  ...["--max-resident-streams", "256"],
  ...["--checkpoint-bytes", "1MiB"],
]
const SAMPLES = 12
/** Everything is warm after this share of the time; growth is judged from there on. */
const WARM_UP = 1 / 3

/** The slope of the least-squares line through (x, y). */
export function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const x = mean(points.map(([at]) => at))
  const y = mean(points.map(([, value]) => value))
  const spread = points.reduce((sum, [at]) => sum + (at - x) ** 2, 0)
  return spread === 0 ? 0 : points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0) / spread
}

class Load {
  #end = new AbortController()
  latencies = []
  failures = []

  /** Each worker rests for `restMs` after each round of its work. */
  constructor(server, restMs) {
    this.server = server
    this.restMs = restMs
  }

  run() {
    const workers = [...Array(3).keys()].map((i) => this.#writer(i))
    workers.push(this.#producer(), this.#reader(), this.#longPoll(), this.#events(), this.#churn(), this.#hangsUp())
    return Promise.all(workers.map((worker) => worker.catch((error) => this.#over || this.failures.push(error.stack))))
  }

  /** What waits for the server then ends, too. */
  stop() {
    this.#end.abort()
  }

  get #over() {
    return this.#end.signal.aborted
  }

  async #until(work) {
    while (!this.#over) {
      await work()
      if (this.restMs > 0) await pause(this.restMs)
    }
  }

  async #writer(i) {
    const stream = `soak/${i}`
    await create(this.server, stream)
    let n = 0
    await this.#until(async () => {
      const begun = performance.now()
      const response = await append(this.server, stream, [{ n: n++, filler: "x".repeat(200) }])
      await response.arrayBuffer()
      this.latencies.push([begun, performance.now() - begun])
      if (response.status !== 204) throw new Error(`an append was answered with ${response.status}`)
      // A stream that only grew would be a reason for the index to grow, too.
      if (n % 200 === 0) await this.#truncate(stream)
    })
  }

  async #truncate(stream) {
    await fetch(this.server.streamUrl(stream), { method: "POST", headers: { "stream-truncate-before": "now" } })
  }

  async #producer() {
    await create(this.server, "soak/producer")
    let seq = 0
    await this.#until(async () => {
      const headers = { "producer-id": "p", "producer-epoch": "0", "producer-seq": String(seq) }
      for (const expected of [200, 204]) {
        const response = await append(this.server, "soak/producer", [seq], headers)
        if (response.status !== expected) throw new Error(`append ${seq} was answered with ${response.status}`)
      }
      if (++seq % 100 === 0) await this.#truncate("soak/producer")
    })
  }

  async #reader() {
    await this.#until(async () => {
      await readAll(this.server, "soak/0").catch((error) => {
        if (!/answered (404|410)/.test(error.message)) throw error
      })
      await pause(20)
    })
  }

  async #longPoll() {
    let offset = "now"
    await this.#until(async () => {
      const response = await fetch(`${this.server.streamUrl("soak/1")}?offset=${offset}&live=long-poll`, { signal: this.#end.signal })
      await response.arrayBuffer()
      offset = response.status === 200 ? response.headers.get("stream-next-offset") : "now"
      if (![200, 204, 404, 410].includes(response.status)) throw new Error(`a long-poll was answered with ${response.status}`)
    })
  }

  /** Reads some events, then hangs up. */
  async #events() {
    await this.#until(async () => {
      const control = new AbortController()
      const signal = AbortSignal.any([control.signal, this.#end.signal])
      const response = await fetch(`${this.server.streamUrl("soak/2")}?offset=now&live=sse`, { signal })
      if (response.status === 200) {
        const reader = response.body.getReader()
        for (let i = 0; i < 20 && !this.#over; ++i) await reader.read()
      }
      control.abort()
      await pause(5)
    })
  }

  async #churn() {
    let n = 0
    await this.#until(async () => {
      const stream = `soak/churn/${n++}`
      await create(this.server, stream)
      await append(this.server, stream, [1, 2, 3])
      await fetch(this.server.streamUrl(stream), { method: "DELETE" })
    })
  }

  /** A client that goes away in the middle of its request or of the answer. */
  async #hangsUp() {
    await this.#until(async () => {
      const control = new AbortController()
      const reading = fetch(`${this.server.streamUrl("soak/0")}?offset=-1`, { signal: control.signal }).then(
        (response) => response.arrayBuffer(),
      )
      await pause(1)
      control.abort()
      await reading.catch(() => {})
      await pause(10)
    })
  }
}

function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** Loads the server for so long. `problems` is empty when nothing grew and nothing failed. */
export async function soak(server, seconds, { tell = () => {}, restMs = 0 } = {}) {
  const load = new Load(server, restMs)
  const begun = performance.now()
  const working = load.run()
  const samples = []
  for (let i = 0; i < SAMPLES; ++i) {
    await pause((seconds * 1000) / SAMPLES)
    const scrape = await metrics(server)
    const at = (performance.now() - begun) / 1000
    samples.push({
      at,
      memory: scrape.get("process_resident_memory_bytes"),
      files: scrape.get("process_open_fds"),
      events: scrape.get("foldback_append_events_total"),
    })
    const last = samples.at(-1)
    tell(`${at.toFixed(0)} s: ${(last.memory / 2 ** 20).toFixed(1)} MiB, ${last.files} files, ${last.events} messages`)
  }
  load.stop()
  await working
  return judge(load, samples, begun, seconds)
}

function judge(load, samples, begun, seconds) {
  const warm = samples.filter(({ at }) => at >= seconds * WARM_UP)
  const memory = slope(warm.map(({ at, memory }) => [at, memory]))
  const files = warm.map(({ files }) => files)
  const half = begun + (seconds * 1000 * (1 + WARM_UP)) / 2
  const measured = load.latencies.filter(([at]) => at >= begun + seconds * 1000 * WARM_UP)
  const early = percentile(measured.filter(([at]) => at < half).map(([, ms]) => ms), 0.5)
  const late = percentile(measured.filter(([at]) => at >= half).map(([, ms]) => ms), 0.5)
  const lines = [
    `${samples.at(-1).events} messages, ${load.latencies.length} timed appends`,
    `memory ${(samples.at(-1).memory / 2 ** 20).toFixed(1)} MiB, ${((memory * 3600) / 2 ** 20).toFixed(1)} MiB/h`,
    `open files ${Math.min(...files)} to ${Math.max(...files)}`,
    `median of an append ${early.toFixed(2)} ms, later ${late.toFixed(2)} ms; p99 ${percentile(measured.map(([, ms]) => ms), 0.99).toFixed(2)} ms`,
  ]
  const problems = [...load.failures]
  // A short run cannot tell a slow leak from caches that fill: it allows 8 MiB in all, a long one 1 MiB an hour more.
  const allowed = 8 * 2 ** 20 + (seconds / 3600) * 2 ** 20
  const growth = memory * seconds * (1 - WARM_UP)
  if (growth > allowed) problems.push(`memory grew by ${(growth / 2 ** 20).toFixed(1)} MiB`)
  if (Math.max(...files) - Math.min(...files) > 40) problems.push(`open files went from ${Math.min(...files)} to ${Math.max(...files)}`)
  if (late > early * 2 + 1) problems.push(`the median of an append went from ${early.toFixed(2)} to ${late.toFixed(2)} ms`)
  return { lines, problems }
}
