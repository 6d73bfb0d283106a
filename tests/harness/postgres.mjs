// A PostgreSQL server of Debian's package, in a directory of its own, reached through a socket there.

import { chownSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { execFileSync } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { eventually, spawnOwned } from "./server.mjs"

const programs = "/usr/lib/postgresql/15/bin/"

/** Whom it runs as: it refuses to be root. */
function unprivileged() {
  if (process.getuid() !== 0) return {}
  const lines = readFileSync("/etc/passwd", "utf8").split("\n")
  const line = lines.find((one) => one.startsWith("postgres:")) ?? lines.find((one) => one.startsWith("nobody:"))
  const [, , uid, gid] = line.split(":")
  return { uid: Number(uid), gid: Number(gid) }
}

export class Postgres {
  #child = null
  #exit = null

  static async start(settings = []) {
    const server = new Postgres()
    server.settings = settings
    server.directory = mkdtempSync(join(tmpdir(), "foldback-postgres-"))
    process.on("exit", () => rmSync(server.directory, { recursive: true, force: true }))
    const user = unprivileged()
    if (user.uid !== undefined) chownSync(server.directory, user.uid, user.gid)
    execFileSync(
      join(programs, "initdb"),
      ["-D", join(server.directory, "data"), "-U", "foldback", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"],
      { ...user, cwd: "/", stdio: "ignore" },
    )
    await server.start()
    return server
  }

  get url() {
    return `postgres:///postgres?user=foldback&host=${this.directory}`
  }

  async start() {
    const log = openSync(join(this.directory, "log"), "a")
    const settings = ["listen_addresses=", "shared_buffers=16MB", "max_connections=50", ...this.settings]
    this.#child = spawnOwned(
      join(programs, "postgres"),
      ["-D", join(this.directory, "data"), "-k", this.directory, ...settings.flatMap((one) => ["-c", one])],
      { ...unprivileged(), cwd: "/", stdio: ["ignore", log, log], endSignal: "SIGQUIT" },
    )
    this.#exit = new Promise((resolve) => this.#child.once("exit", resolve))
    await eventually(`PostgreSQL in ${this.directory}`, () => this.#answers(), 30_000, 20)
  }

  #answers() {
    try {
      this.run("SELECT 1")
      return true
    } catch {
      return false
    }
  }

  /** Runs a statement; its output, without headings. */
  run(sql) {
    const where = ["-h", this.directory, "-U", "foldback", "-d", "postgres"]
    return execFileSync(join(programs, "psql"), [...where, "-AtXqc", sql], { stdio: ["ignore", "pipe", "ignore"] }).toString()
  }

  cutSessions() {
    this.run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'foldback'")
  }

  async end(signal) {
    this.#child.kill(signal)
    await this.#exit
  }
}
