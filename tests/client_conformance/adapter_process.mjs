import { createInterface } from "node:readline"
import { spawnOwned } from "../harness/server.mjs"

/** An adapter: one command, one result. */
export class Adapter {
  #child
  #waiting = []
  #log = ""

  constructor(program) {
    this.#child = spawnOwned(program, [], { stdio: ["pipe", "pipe", "pipe"] })
    this.#child.stderr.on("data", (bytes) => (this.#log += bytes))
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#waiting.shift()?.(JSON.parse(line)))
    this.#child.once("exit", () => {
      for (const done of this.#waiting.splice(0)) done({ success: false, message: `the adapter ended\n${this.#log}` })
    })
  }

  send(command) {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#child.stdin.write(JSON.stringify(command) + "\n")
    })
  }

  end() {
    this.#child.kill("SIGKILL")
  }
}
