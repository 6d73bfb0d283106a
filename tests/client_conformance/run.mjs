// usage: node run.mjs <build directory>

import { randomUUID } from "node:crypto"
import path from "node:path"
import { DurableStreamTestServer } from "@durable-streams/server"
import { Server } from "../harness/server.mjs"
import { Adapter } from "./adapter_process.mjs"
import { NpmClient, notForNpmClient } from "./npm_client.mjs"
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

function count(what, wrong) {
  if (wrong) console.log(`FAILED ${what}: ${wrong}`)
  if (wrong) failed += 1
  else passed += 1
}

/** Plays the scenarios with a client and a server; those in `omitted` are not for this client. */
async function drive(name, client, url, omitted = {}) {
  for (const [what, steps] of Object.entries(scenarios)) {
    if (omitted[what]) console.log(`not run: ${name}: ${what}: ${omitted[what]}`)
    else count(`${name}: ${what}`, await play(client, url, steps))
  }
  client.end()
}

async function driveOurs(name, url) {
  const adapter = new Adapter(path.join(build, "bin/tests/client_conformance_adapter"))
  const { features } = await adapter.send({ type: "init", serverUrl: url })
  const withheld = Object.keys(features ?? { none: false }).filter((feature) => !features?.[feature])
  count(`our client with ${name}: all features are offered`, withheld.join(", "))
  await drive(`our client with ${name}`, adapter, url)
}

async function driveNpm(name, url) {
  const client = new NpmClient()
  await client.send({ type: "init", serverUrl: url })
  await drive(`the npm client with ${name}`, client, url, notForNpmClient)
}

const reference = new DurableStreamTestServer({ port: 0, longPollTimeout: 500 })
await reference.start()
const ours = await Server.start({ binary: path.join(build, "bin/foldback"), longPollTimeoutMs: 500 })
const ourUrl = `http://127.0.0.1:${ours.port}/v1/stream`
await driveOurs("the reference server", reference.url)
await driveOurs("our server", ourUrl)
await driveNpm("our server", ourUrl)
await reference.stop()
await ours.stop()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
