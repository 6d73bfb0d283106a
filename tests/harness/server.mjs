// A server process under test: started on a free loopback port, waited for until it answers, always ended.
//
// `binary` is anything that understands foldback's command line:
//   <binary> serve --listen 127.0.0.1:PORT [--data DIR | --memory] [--long-poll-timeout-ms N]

import { spawn } from "node:child_process"
import http from "node:http"
import net from "node:net"
import { setTimeout as pause } from "node:timers/promises"

const running = new Map()

function endAll() {
  for (const [child, signal] of running) child.kill(signal)
}

process.on("exit", endAll)
for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15], ["SIGHUP", 1]]) {
  process.once(signal, () => process.exit(128 + number))
}

/**
 * A process of ours: ended when this one ends, however that happens short of SIGKILL. One that has children of its own
 * needs an `endSignal` that it can pass on.
 */
export function spawnOwned(command, args, { endSignal = "SIGKILL", ...options } = {}) {
  const child = spawn(command, args, options)
  running.set(child, endSignal)
  child.once("exit", () => running.delete(child))
  child.once("error", () => running.delete(child))
  return child
}

/** A loopback port that nobody listens on now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.once("error", reject)
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/** Tries `condition` until it returns something truthy; throws `what` when `deadlineMs` has passed. */
export async function eventually(what, condition, deadlineMs = 30_000, everyMs = 5) {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const value = await condition()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`gave up after ${deadlineMs} ms waiting for ${what}`)
    await pause(everyMs)
  }
}

function answers(port, path) {
  return new Promise((resolve) => {
    const request = http.request({ host: "127.0.0.1", port, path, method: "HEAD", agent: false, timeout: 2_000 })
    request.once("response", (response) => {
      response.resume()
      resolve(response.statusCode < 500)
    })
    request.once("timeout", () => request.destroy())
    request.once("error", () => resolve(false))
    request.end()
  })
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => { socket.destroy(); resolve(true) })
    socket.once("error", () => resolve(false))
  })
}

// The program takes FOLDBACK_… for settings of its own; what steers a test is none of its business.
function withoutSettings(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("FOLDBACK_")))
}

const LOG_TAIL_BYTES = 64 * 1024

export class Server {
  #child = null
  #log = ""
  #exit = null

  /** `dataDir` absent: in memory. `extraArgs` are passed on as they are, and `environment` is added to this process's. */
  constructor({ binary, port, dataDir = null, longPollTimeoutMs = null, extraArgs = [], environment = {} }) {
    this.binary = binary
    this.port = port
    this.dataDir = dataDir
    this.environment = environment
    this.args = ["serve", "--listen", `127.0.0.1:${port}`]
    this.args.push(...(dataDir === null ? ["--memory"] : ["--data", dataDir]))
    if (longPollTimeoutMs !== null) this.args.push("--long-poll-timeout-ms", String(longPollTimeoutMs))
    this.args.push(...extraArgs)
  }

  static async start(options) {
    const server = new Server({ ...options, port: options.port ?? (await freePort()) })
    await server.start()
    return server
  }

  get url() {
    return `http://127.0.0.1:${this.port}`
  }

  get pid() {
    return this.#child?.pid ?? null
  }

  get alive() {
    return this.#child !== null
  }

  /** The last output of the process, all lives of it. */
  get log() {
    return this.#log
  }

  streamUrl(name) {
    return `${this.url}/v1/stream/${name}`
  }

  /** Starts the process without waiting for it to answer. */
  spawn() {
    if (this.#child) throw new Error("the server runs already")
    const child = spawnOwned(this.binary, this.args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...withoutSettings(process.env), ...this.environment },
    })
    const keep = (chunk) => {
      this.#log = (this.#log + chunk).slice(-LOG_TAIL_BYTES)
    }
    child.stdout.on("data", keep)
    child.stderr.on("data", keep)
    this.#child = child
    this.#exit = new Promise((resolve) => {
      const ended = (code, signal) => {
        if (this.#child === child) this.#child = null
        resolve({ code, signal })
      }
      child.once("exit", ended)
      child.once("error", (error) => {
        keep(`${error.message}\n`)
        ended(127, null)
      })
    })
  }

  /** Waits until the process answers HTTP; throws when it ends first or takes longer than `deadlineMs`. */
  async ready(deadlineMs = 30_000) {
    await eventually(`${this.binary} to answer on port ${this.port}\n${this.#log}`, async () => {
      if (!this.#child) {
        const { code, signal } = await this.#exit
        throw new Error(`the server ended before it answered (exit ${code ?? signal})\n${this.#log}`)
      }
      return answers(this.port, "/v1/stream/is-it-ready")
    }, deadlineMs, 3)
  }

  async start(deadlineMs) {
    this.spawn()
    await this.ready(deadlineMs)
  }

  /** Starts a server of TLS, whose certificate nobody here has to believe: waits until it takes connections. */
  async startAccepting() {
    this.spawn()
    await eventually(`${this.binary} to listen on port ${this.port}`, () => this.alive && accepts(this.port))
  }

  /** How the process ended: {code, signal}. */
  exited() {
    return this.#exit
  }

  /** kill -9, returning when the process is gone. */
  async kill() {
    this.#child?.kill("SIGKILL")
    return this.#exit
  }

  /** SIGTERM, and SIGKILL after `deadlineMs`. */
  async stop(deadlineMs = 5_000) {
    const child = this.#child
    if (!child) return this.#exit
    child.kill("SIGTERM")
    const timer = setTimeout(() => child.kill("SIGKILL"), deadlineMs)
    const exit = await this.#exit
    clearTimeout(timer)
    return exit
  }
}
