// A server with an admin listener, and the program's other verbs.

import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort, Server, spawnOwned } from "../harness/server.mjs"

const binary = process.env.FOLDBACK_BINARY

const endings = new WeakMap()

/** Runs `end` when the test is over, the last one first. */
export function atEnd(t, end) {
  if (!endings.has(t)) {
    endings.set(t, [])
    t.after(async () => {
      for (const one of endings.get(t).reverse()) await one()
    })
  }
  endings.get(t).push(end)
}

/** A directory that goes with the test. */
export function scratch(t) {
  const directory = mkdtempSync(join(tmpdir(), "foldback-ops-"))
  atEnd(t, () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A server on disk in `directory`/data, which ends with the test. */
export async function operated(t, directory, extraArgs = []) {
  const adminPort = await freePort()
  const server = await Server.start({
    binary,
    dataDir: join(directory, "data"),
    extraArgs: ["--admin-listen", `127.0.0.1:${adminPort}`, "--log-format", "json", ...extraArgs],
  })
  atEnd(t, () => server.kill())
  server.admin = `http://127.0.0.1:${adminPort}`
  return server
}

function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(FOLDBACK_|STREAM_)/.test(name)))
}

/** Runs a verb to its end. */
export function foldback(...args) {
  const { status, stdout, stderr } = spawnSync(binary, args, { encoding: "utf8", env: environment(), maxBuffer: 1 << 28 })
  return { status, stdout, stderr }
}

/** The same, while this process goes on. */
export function foldbackLater(...args) {
  return new Promise((resolve) => {
    const child = spawnOwned(binary, args, { env: environment() })
    let stdout = ""
    child.stdout.on("data", (chunk) => (stdout += chunk))
    child.once("close", (status) => resolve({ status, stdout }))
  })
}

export async function text(url) {
  const response = await fetch(url)
  return { status: response.status, body: await response.text() }
}

/** The samples of a scrape: name with labels → number. */
export async function metrics(server) {
  const { body } = await text(`${server.admin}/metrics`)
  const samples = new Map()
  for (const line of body.split("\n")) {
    if (line === "" || line.startsWith("#")) continue
    const space = line.lastIndexOf(" ")
    samples.set(line.slice(0, space), Number(line.slice(space + 1)))
  }
  return samples
}

const json = { "content-type": "application/json" }

export async function create(server, stream) {
  return fetch(server.streamUrl(stream), { method: "PUT", headers: json })
}

export async function append(server, stream, messages, headers = {}) {
  const response = await fetch(server.streamUrl(stream), {
    method: "POST",
    headers: { ...json, ...headers },
    body: JSON.stringify(messages),
  })
  return response
}

/** All messages from an offset on. */
export async function readAll(server, stream, offset = "-1") {
  const all = []
  for (;;) {
    const response = await fetch(`${server.streamUrl(stream)}?offset=${offset}`)
    if (response.status !== 200) throw new Error(`reading ${stream} answered ${response.status}`)
    all.push(...(await response.json()))
    offset = response.headers.get("stream-next-offset")
    if (response.headers.get("stream-up-to-date") === "true") return all
  }
}
