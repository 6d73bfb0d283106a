import { createInterface } from "node:readline"
import { spawnOwned } from "../../harness/server.mjs"

/** A program of ours that measures a round each time it gets a line with its seconds, and answers with a number. */
export class Rounds {
  #child
  #lines
  #name

  constructor(program, ...args) {
    this.#name = program
    this.#child = spawnOwned(program, args.map(String), { stdio: ["pipe", "pipe", "inherit"] })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async measure(seconds) {
    this.#child.stdin.write(`${seconds}\n`)
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`${this.#name} ended early`)
    return Number(value)
  }
}
