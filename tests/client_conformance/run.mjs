// usage: node run.mjs <build directory>

import { randomUUID } from "node:crypto"
import path from "node:path"
import { DurableStreamTestServer } from "@durable-streams/server"
import { Server } from "../harness/server.mjs"
import { Adapter } from "./adapter_process.mjs"
import { scenarios } from "./scenarios.mjs"

const build = process.argv[2]
let passed = 0
let failed = 0

/** What of the expected values the result does not have; undefined when it has them all. */
function difference(result, expected) {
  const found = { ...result, data: result.chunks?.map((chunk) => chunk.data).join("") ?? result.data }
  for (const [name, value] of Object.entries(expected)) {
    if (JSON.stringify(found[name]) !== JSON.stringify(value)) {
      return `${name} is ${JSON.stringify(found[name])} instead of ${JSON.stringify(value)} in ${JSON.stringify(result)}`
    }
  }
}

async function play(adapter, url, steps) {
  const stream = `/client-${randomUUID()}`
  const stored = {}
  const fill = (value) =>
    typeof value === "string" ? value.replace(/^\$(\w+)\.(\w+)$/, (_, step, name) => stored[step][name]) : value
  let background
  for (const { expect = {}, raw, background: inBackground, as, ...command } of steps) {
    if (raw) {
      const response = await fetch(url + stream, raw)
      if (!response.ok) return `the server answered ${response.status}`
      continue
    }
    const filled = Object.fromEntries(Object.entries(command).map(([name, value]) => [name, fill(value)]))
    const result = adapter.send({ path: stream, ...filled })
    if (inBackground) {
      background = { result, expect }
      continue
    }
    if (as) stored[as] = await result
    const wrong = difference(await result, expect)
    if (wrong) return `${command.type}: ${wrong}`
  }
  const wrong = background && difference(await background.result, background.expect)
  return wrong && `in the background: ${wrong}`
}

async function drive(name, url) {
  const adapter = new Adapter(path.join(build, "bin/tests/client_conformance_adapter"))
  const { features } = await adapter.send({ type: "init", serverUrl: url })
  const withheld = Object.keys(features ?? { none: false }).filter((feature) => !features?.[feature])
  const all = Object.entries({ ...scenarios, "all features are offered": withheld.length ? [{ type: "withheld" }] : [] })
  for (const [what, steps] of all) {
    const wrong = await play(adapter, url, steps)
    if (wrong) console.log(`FAILED with ${name}: ${what}: ${wrong}`)
    if (wrong) failed += 1
    else passed += 1
  }
  adapter.end()
}

const reference = new DurableStreamTestServer({ port: 0, longPollTimeout: 500 })
await reference.start()
const ours = await Server.start({ binary: path.join(build, "bin/foldback"), longPollTimeoutMs: 500 })
await drive("the reference server", reference.url)
await drive("our server", `http://127.0.0.1:${ours.port}/v1/stream`)
await reference.stop()
await ours.stop()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
