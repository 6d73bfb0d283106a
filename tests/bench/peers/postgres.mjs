// PostgreSQL with its defaults for durability: a commit is acknowledged when its log is on the disk.

import { execFile, execFileSync } from "node:child_process"
import { chownSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { eventually, spawnOwned } from "../../harness/server.mjs"

const run = promisify(execFile)
const CLIENTS = 64
const STREAMS = 64
const versions = "/usr/lib/postgresql"

// The server refuses to run as root; the package brings a user for it.
function unprivileged() {
  if (process.getuid() !== 0) return {}
  const id = (option) => Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }))
  return { uid: id("-u"), gid: id("-g") }
}

export class Postgres {
  #bin
  #directory
  #sockets

  /** Without a port: its socket lies in `sockets`, a folder whose path is short. */
  static async start(scratch, sockets) {
    const postgres = new Postgres()
    const newest = readdirSync(versions).sort((left, right) => Number(right) - Number(left))[0]
    postgres.#bin = join(versions, newest, "bin")
    postgres.#directory = join(scratch, "postgres")
    postgres.#sockets = sockets
    const user = unprivileged()
    mkdirSync(postgres.#directory)
    if (user.uid !== undefined) for (const folder of [postgres.#directory, sockets]) chownSync(folder, user.uid, user.gid)

    const data = join(postgres.#directory, "data")
    await run(join(postgres.#bin, "initdb"), ["-D", data, "-U", "bench", "--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale"], user)
    const settings = {
      listen_addresses: "", unix_socket_directories: sockets, max_connections: 100, fsync: "on", synchronous_commit: "on",
      shared_buffers: "512MB", max_wal_size: "8GB", checkpoint_timeout: "1h", // no checkpoint in the middle of a round
    }
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    postgres.process = spawnOwned(join(postgres.#bin, "postgres"), ["-D", data, ...args], {
      ...user, stdio: "ignore", endSignal: "SIGINT", // it ends its own processes
    })
    const table = "CREATE TABLE events (position bigserial PRIMARY KEY, stream text NOT NULL, event text NOT NULL)"
    await eventually("PostgreSQL to answer", () => postgres.#psql("SELECT 1").catch(() => false))
    await postgres.#psql(table)
    return postgres
  }

  /** Transactions of one INSERT that the server prepared; `events` rows each, which beyond one it makes itself. */
  async append({ event, events, clients = CLIENTS, seconds }) {
    const script = join(this.#directory, `insert-${events}.sql`)
    const stream = `\\set stream random(0, ${STREAMS - 1})\n`
    writeFileSync(script, events === 1
      ? `${stream}INSERT INTO events (stream, event) VALUES ('stream-' || :stream, '${event}');\n`
      : `${stream}INSERT INTO events (stream, event) SELECT 'stream-' || :stream, '${event}' FROM generate_series(1, ${events});\n`)
    const { stdout } = await run(join(this.#bin, "pgbench"), [
      "-h", this.#sockets, "-U", "bench", "--no-vacuum", "--protocol=prepared", `--client=${clients}`, "--jobs=2", `--time=${seconds}`, `--file=${script}`, "postgres",
    ])
    if (!/number of failed transactions: 0 /.test(stdout)) throw new Error(`transactions of PostgreSQL failed: ${stdout}`)
    await this.#psql("TRUNCATE events")
    return events * Number(/^tps = ([\d.]+)/m.exec(stdout)[1])
  }


  #psql(command) {
    return run(join(this.#bin, "psql"), ["-h", this.#sockets, "-U", "bench", "-d", "postgres", "-qc", command])
  }
}
