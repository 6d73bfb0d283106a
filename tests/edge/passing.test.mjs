import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { rmSync, writeFileSync } from "node:fs"
import http from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { promisify } from "node:util"
import { eventually } from "../harness/server.mjs"
import { get, startEdge } from "./edge.mjs"
import { append, close, create } from "./sending.mjs"

test("what somebody reads for a token is kept for nobody", async (t) => {
  const hash = (token) => createHash("sha256").update(token).digest("hex")
  const file = join(tmpdir(), `foldback-edge-access-${process.pid}.json`)
  t.after(() => rmSync(file))
  writeFileSync(file, JSON.stringify({
    tokens: [
      { id: "ada", sha256: hash("ada-0123456789-0123456789"), grants: [{ path: "**", verbs: ["read", "create", "append", "close"] }] },
      { id: "bob", sha256: hash("bob-0123456789-0123456789"), grants: [{ path: "bobs/**", verbs: ["read"] }] },
    ],
    anonymous: [{ path: "public/**", verbs: ["read"] }],
  }))
  const edge = await startEdge(t, ["--access-file", file])
  const as = (who) => ({ authorization: `Bearer ${who}-0123456789-0123456789` })
  for (const name of ["secret/1", "public/1"]) {
    await create(`${edge.url}/${name}`, as("ada"))
    await append(`${edge.url}/${name}`, [1, 2, 3], as("ada"))
    await close(`${edge.url}/${name}`, as("ada"))
  }
  edge.seen.length = 0

  for (const query of ["?offset=-1", "?limit=2&offset=-1"]) {
    const url = `${edge.url}/secret/1${query}`
    for (let i = 0; i < 2; ++i) assert.equal((await get(url, { headers: as("ada") })).status, 200)
    assert.equal((await get(url, { headers: as("bob") })).status, 403)
    assert.equal((await get(url)).status, 403)
    assert.equal((await get(url, { headers: as("nobody") })).status, 401)
  }
  assert.equal(edge.seen.length, 2 * 5, edge.seen.join("\n"))
  const { headers } = await get(`${edge.url}/secret/1?limit=1&offset=-1`, { headers: as("ada") })
  const live = `${edge.url}/secret/1?live=long-poll&offset=${headers["stream-next-offset"]}`
  assert.equal((await get(live, { headers: as("ada") })).status, 200)
  assert.equal((await get(live)).status, 403)

  edge.seen.length = 0
  for (let i = 0; i < 3; ++i) assert.equal((await get(`${edge.url}/public/1?offset=-1`)).body, "[1,2,3]")
  assert.equal((await get(`${edge.url}/public/1?offset=-1`, { headers: as("bob") })).status, 403)
  assert.equal(edge.seen.length, 2, edge.seen.join("\n"))
})

test("another site's page gets neither the answer nor the permission that was given to one's own", async (t) => {
  const edge = await startEdge(t, ["--cors-origin", "https://app.example"])
  await create(`${edge.url}/pages`)
  await append(`${edge.url}/pages`, [1])
  await close(`${edge.url}/pages`)
  const from = (origin) => get(`${edge.url}/pages?offset=-1`, { headers: { origin, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" } })

  const own = await from("https://app.example")
  const others = await from("https://evil.example")

  assert.equal(own.status, 200)
  assert.equal(own.headers["access-control-allow-origin"], "https://app.example")
  assert.equal(others.status, 403)
  assert.equal((await from("https://app.example")).headers["access-control-allow-origin"], "https://app.example")
})

test("server-sent events pass while they happen", async (t) => {
  const edge = await startEdge(t)
  const url = `${edge.url}/events`
  await create(url)
  const [response] = await once(http.get(`${url}?offset=-1&live=sse`), "response")
  let text = ""
  response.on("data", (piece) => (text += piece))
  const ended = once(response, "end")
  await eventually("the first control event", () => text.includes("upToDate"))

  await append(url, ["first"])
  await eventually("the first event", () => text.includes('["first"]'))
  await append(url, ["second"])
  await eventually("the second event", () => text.includes('["second"]'))
  await close(url)
  await ended
  assert.match(text, /"streamClosed":true/)
})

test("our client finds through nginx what it finds without", async (t) => {
  const edge = await startEdge(t)
  const program = join(process.env.FOLDBACK_BINARY, "../e2e/client_scenarios")
  const { stdout } = await promisify(execFile)(program, [], { env: { ...process.env, CLIENT_TEST_URL: edge.url } }).catch((error) => error)
  assert.match(stdout, /Status: SUCCESS/, stdout)
})
