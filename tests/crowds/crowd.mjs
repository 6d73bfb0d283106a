// A server and crowds of raw connections to it.

import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Server } from "../harness/server.mjs"

/** Ten times as many where there is time. */
export const many = Number(process.env.FOLDBACK_ROUNDS ?? 1) > 1 ? 10 : 1

/** A server on disk, which ends with the test. */
export async function serverFor(t, extraArgs = []) {
  const directory = mkdtempSync(join(tmpdir(), "foldback-crowd-"))
  const server = await Server.start({ binary: process.env.FOLDBACK_BINARY, dataDir: join(directory, "data"), extraArgs })
  t.after(async () => {
    await server.kill()
    rmSync(directory, { recursive: true, force: true })
  })
  server.directory = join(directory, "data")
  return server
}

export function memoryOf(server) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]) * 1024
}

/** So many connections, each of which sends what `bytes(i)` gives; they end with the test. */
export function connect(t, server, count, bytes = () => "") {
  const sockets = []
  t.after(() => sockets.forEach((socket) => socket.destroy()))
  return Promise.all(Array.from({ length: count }, (_, i) => new Promise((resolve, reject) => {
    const socket = net.connect(server.port, "127.0.0.1", () => {
      socket.write(bytes(i))
      resolve(socket)
    })
    sockets.push(socket)
    socket.once("error", reject)
    socket.once("connect", () => socket.removeListener("error", reject).on("error", () => {}))
  })))
}

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

export const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(0)
