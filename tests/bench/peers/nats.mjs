// NATS JetStream with its file storage.

import { execFile } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import net from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import { eventually, freePort, spawnOwned } from "../../harness/server.mjs"
import { Rounds } from "./rounds.mjs"

const CONNECTIONS = 64

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => { socket.destroy(); resolve(true) })
    socket.once("error", () => resolve(false))
  })
}

export class Nats {
  #publishers

  /** `publishers` is the program that publishes. */
  static async start(scratch, publishers) {
    const nats = new Nats()
    const directory = join(scratch, "nats")
    mkdirSync(directory)
    const port = await freePort()
    const configuration = join(directory, "nats.conf")
    // Since 2.10 a flush before each acknowledgement can be asked for; before, nothing flushes but a timer of two minutes.
    nats.flushes = false
    for (const sync of ["sync_interval: always", ""]) {
      writeFileSync(configuration, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${directory}/data", max_file_store: 64GB\n${sync}\n}\n`)
      const accepted = await promisify(execFile)("nats-server", ["-t", "-c", configuration]).then(() => true, () => false)
      nats.flushes = accepted && sync !== ""
      if (accepted) break
    }
    nats.process = spawnOwned("nats-server", ["-c", configuration], { stdio: "ignore" })
    await eventually("NATS to listen", () => accepts(port))
    nats.#publishers = new Rounds(publishers, port, CONNECTIONS)
    return nats
  }

  get name() {
    return `NATS JetStream, files, ${CONNECTIONS} connections${this.flushes ? "" : " (acknowledges before the disk has it)"}`
  }

  append(seconds) {
    return this.#publishers.measure(seconds)
  }
}
