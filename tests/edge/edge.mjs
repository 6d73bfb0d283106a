// Foldback behind the nginx of packaging/nginx, with somebody between them who counts what nginx fetches.

import { readFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { once } from "node:events"
import http from "node:http"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { eventually, freePort, Server, spawnOwned } from "../harness/server.mjs"

const shipped = join(dirname(fileURLToPath(import.meta.url)), "../../packaging/nginx/foldback.conf")

/** Passes requests on to a server and remembers them: `GET /v1/stream/…?…`. */
class Witness {
  seen = []
  #agent = new http.Agent({ keepAlive: true })

  static async start(port) {
    const witness = new Witness()
    witness.server = http.createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
      witness.seen.push(`${request.method} ${request.url}`)
      const { method, url, headers } = request
      const onward = http.request({ host: "127.0.0.1", port, method, path: url, headers, agent: witness.#agent }, (answer) => {
        response.writeHead(answer.statusCode, answer.rawHeaders)
        answer.pipe(response)
      })
      onward.on("error", () => response.destroy())
      response.on("close", () => onward.destroy())
      request.pipe(onward)
    })
    await new Promise((resolve) => witness.server.listen(0, "127.0.0.1", resolve))
    witness.port = witness.server.address().port
    return witness
  }

  stop() {
    this.server.closeAllConnections()
    this.server.close()
    this.#agent.destroy()
  }
}

/** The shipped configuration with other places; each of them must be there once. */
function configuration(directory, port, origin) {
  const places = {
    "listen 80;": `listen 127.0.0.1:${port} backlog=4096;`,
    "server 127.0.0.1:4437;": `server 127.0.0.1:${origin};`,
    "/var/cache/nginx/foldback": join(directory, "cache"),
  }
  let text = readFileSync(shipped, "utf8")
  for (const [usual, here] of Object.entries(places)) {
    if (text.split(usual).length !== 2) throw new Error(`packaging/nginx/foldback.conf does not say once: ${usual}`)
    text = text.replace(usual, here)
  }
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((what) => `${what}_temp_path ${join(directory, what)};`).join("\n")
  return `daemon off; worker_processes 2; pid ${directory}/nginx.pid;
    ${process.getuid() === 0 ? "user root;" : ""}
    events { worker_connections 8192; }
    http { access_log off; keepalive_requests 1000000; ${temporary}\n${text} }`
}

/** An edge that ends with the test. `extraArgs` are Foldback's. */
export async function startEdge(t, extraArgs = []) {
  const directory = mkdtempSync(join(tmpdir(), "foldback-edge-"))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const origin = await Server.start({ binary: process.env.FOLDBACK_BINARY, longPollTimeoutMs: 1500, extraArgs })
  t.after(() => origin.kill())
  const witness = await Witness.start(origin.port)
  t.after(() => witness.stop())
  const port = await freePort()
  mkdirSync(join(directory, "cache"))
  writeFileSync(join(directory, "nginx.conf"), configuration(directory, port, witness.port))
  const errors = join(directory, "error.log")
  const nginx = spawnOwned("nginx", ["-e", errors, "-p", directory, "-c", join(directory, "nginx.conf")], {
    stdio: ["ignore", "inherit", "inherit"],
    endSignal: "SIGTERM", // the master ends its workers
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  })
  t.after(async () => {
    nginx.kill("SIGTERM")
    if (nginx.exitCode === null) await once(nginx, "exit")
  })
  const url = `http://127.0.0.1:${port}/v1/stream`
  await eventually("nginx to answer", async () => {
    if (nginx.exitCode !== null) throw new Error(`nginx ended:\n${readFileSync(errors, "utf8")}`)
    return fetch(`${url}/is-it-ready`).then(({ status }) => status < 500, () => false)
  })
  witness.seen.length = 0
  return { url, origin: `${origin.url}/v1/stream`, seen: witness.seen }
}

/** A GET without a connection pool's mercy: {status, headers, body}. */
export function get(url, { agent, headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent, headers }, (response) => {
      const pieces = []
      response.on("data", (piece) => pieces.push(piece))
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces).toString() }))
      response.on("error", reject)
    })
    request.on("error", reject)
  })
}

/** How often each of these was asked for. */
export function counts(seen, isMeant = () => true) {
  const by = new Map()
  for (const one of seen.filter(isMeant)) by.set(one, (by.get(one) ?? 0) + 1)
  return by
}
