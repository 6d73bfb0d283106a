import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import http from "node:http"
import { test } from "node:test"
import { eventually } from "../harness/server.mjs"
import { counts, get, startEdge } from "./edge.mjs"
import { append, close, create } from "./sending.mjs"

const READERS = 1000

/** As many readers as there are, each with a connection of its own. */
async function readers(read) {
  const agents = Array.from({ length: READERS }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }))
  try {
    return await Promise.all(agents.map((agent) => read(agent)))
  } finally {
    for (const agent of agents) agent.destroy()
  }
}

/** Reads a stream to its end, some messages at a time: the hash of all bodies. */
async function replay(url, agent) {
  const hash = createHash("sha256")
  for (let offset = "-1"; ;) {
    const { status, headers, body } = await get(`${url}?offset=${offset}&limit=100`, { agent })
    assert.equal(status, 200)
    hash.update(body)
    if (headers["stream-closed"] === "true") return hash.digest("hex")
    offset = headers["stream-next-offset"]
  }
}

/** Follows a stream by long-poll until it is closed: its messages. `waiting` is told of each request. */
async function follow(url, agent, offset, waiting = () => {}) {
  const messages = []
  for (let cursor = ""; ;) {
    waiting()
    const { status, headers, body } = await get(`${url}?${cursor}live=long-poll&offset=${offset}`, { agent })
    assert.ok(status === 200 || status === 204, `${status} ${body}`)
    if (status === 200) messages.push(...JSON.parse(body))
    if (headers["stream-closed"] === "true") return messages
    offset = headers["stream-next-offset"]
    cursor = `cursor=${headers["stream-cursor"]}&`
  }
}

test("1,000 readers replay a closed stream, and the origin sees each chunk once", async (t) => {
  const edge = await startEdge(t)
  await create(`${edge.url}/long`)
  for (let i = 0; i < 10; ++i) await append(`${edge.url}/long`, Array.from({ length: 100 }, (_, n) => ({ number: i * 100 + n, text: "x".repeat(150) })))
  await close(`${edge.url}/long`)
  const expected = await replay(`${edge.origin}/long`)
  edge.seen.length = 0

  const read = await readers((agent) => replay(`${edge.url}/long`, agent))

  assert.ok(read.every((hash) => hash === expected))
  const asked = counts(edge.seen)
  assert.equal(asked.size, 10, [...asked.keys()].join("\n"))
  assert.deepEqual([...new Set(asked.values())], [1], JSON.stringify([...asked]))
})

test("1,000 live readers wait as one, each sees each message once, and the end", async (t) => {
  const edge = await startEdge(t)
  const url = `${edge.url}/live`
  const created = await create(url)
  const start = created.headers.get("stream-next-offset")
  edge.seen.length = 0
  let requests = 0
  const following = readers((agent) => follow(url, agent, start, () => (requests += 1)))
  const polls = () => edge.seen.filter((one) => one.includes("long-poll")).length
  const sentTogether = []
  for (let number = 0; number < 3; ++number) {
    // Everybody has asked again, and one of them is heard by the origin.
    const [before, heard] = [requests, polls()]
    if (number === 0) await eventually("all readers to wait", () => requests >= READERS && polls() >= 1)
    if (number === 2) await eventually("a long-poll without news for all", () => requests >= before + READERS && polls() > heard)
    await append(url, [number])
    await eventually("all readers to have it", () => requests >= before + (number === 0 ? 0 : READERS))
    sentTogether.push(number)
  }
  await close(url)

  const read = await following

  for (const messages of read) assert.deepEqual(messages, sentTogether)
  const asked = counts(edge.seen, (one) => one.includes("long-poll"))
  t.diagnostic(`${requests} live requests of ${READERS} readers; the origin saw ${polls()} for ${asked.size} places and cursors`)
  assert.ok(requests >= 4 * READERS)
  // The answer is kept for two seconds; who is later than that asks the origin again.
  assert.ok(polls() <= 2 * asked.size + 2, `${polls()} for ${asked.size}`)
  assert.ok(polls() < 40, `the origin saw ${polls()} long-polls`)
})

test("entity tags give 304, of pages that are kept and that are not, and a changed page does not", async (t) => {
  const edge = await startEdge(t)
  const url = `${edge.url}/tagged`
  await create(url)
  await append(url, [1, 2, 3])
  const kept = `${url}?offset=-1&limit=2`
  const first = await get(kept)
  const tail = `${url}?offset=${first.headers["stream-next-offset"]}`
  const last = await get(tail)
  const again = (page, tag) => get(page, { headers: { "if-none-match": tag } })

  const cached = await again(kept, first.headers.etag)
  assert.equal(cached.status, 304)
  assert.equal(cached.headers["stream-next-offset"], first.headers["stream-next-offset"])
  assert.equal((await again(tail, last.headers.etag)).status, 304)
  await append(url, [4])
  const changed = await again(tail, last.headers.etag)
  assert.equal(changed.status, 200)
  assert.equal(changed.body, "[3,4]")
  // nginx itself shows the tag to ask whether what it kept still holds, and kept no 304.
  assert.equal((await get(kept)).body, "[1,2]")
})

test("what was just written is read at once, and a stream that closes is seen to end", async (t) => {
  const edge = await startEdge(t)
  const url = `${edge.url}/own`
  await create(url)
  for (let number = 0; number < 20; ++number) {
    await append(url, [number])
    const { body, headers } = await get(`${url}?offset=-1`)
    assert.equal(JSON.parse(body).at(-1), number)
    assert.equal(headers["stream-closed"], undefined)
  }
  await close(url)

  const { headers } = await get(`${url}?offset=-1`)

  assert.equal(headers["stream-closed"], "true")
  const end = await get(`${url}?live=long-poll&offset=${headers["stream-next-offset"]}`)
  assert.equal(end.status, 204)
  assert.equal(end.headers["stream-closed"], "true")
})
