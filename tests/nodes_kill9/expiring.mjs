// Streams with a Stream-TTL that are read on one node, and what the other one says of them.

import { eventually } from "../harness/server.mjs"

const ttlSeconds = 4

export async function expiring([one, other], commits) {
  for (const stream of ["read", "live", "idle"]) {
    const headers = { "content-type": "application/json", "stream-ttl": String(ttlSeconds) }
    await mustBe(201, fetch(other.streamUrl(`ttl/${stream}`), { method: "PUT", headers }))
  }
  const status = async (node, stream) => (await fetch(node.streamUrl(`ttl/${stream}`), { method: "HEAD" })).status
  const leaving = new AbortController()
  const live = await fetch(`${one.streamUrl("ttl/live")}?offset=-1&live=sse`, { signal: leaving.signal })
  live.text().catch(() => {})
  const before = commits()

  const begun = performance.now()
  let reads = 0
  let lastRead = begun
  await eventually("the stream that nobody uses to be gone, and the others not", async () => {
    lastRead = performance.now()
    await mustBe(200, fetch(one.streamUrl("ttl/read")))
    ++reads
    for (const stream of ["read", "live"]) {
      const answer = await status(other, stream)
      if (answer !== 200) throw new Error(`ttl/${stream} was answered ${answer} after ${performance.now() - begun} ms`)
    }
    const statuses = await Promise.all([one, other].map((node) => status(node, "idle")))
    return statuses.every((one) => one === 404) && performance.now() > begun + 3 * ttlSeconds * 1000
  })
  const renewals = commits() - before
  if (renewals > reads / 4) throw new Error(`${renewals} commits for ${reads} reads`)

  leaving.abort()
  for (const stream of ["read", "live"]) {
    await eventually(`ttl/${stream} to be over on both nodes`, async () => {
      const statuses = await Promise.all([one, other].map((node) => status(node, stream)))
      return statuses.every((one) => one === 404)
    })
  }
  const lived = performance.now() - lastRead
  if (lived < ttlSeconds * 1000) throw new Error(`they were over ${lived} ms after their last use`)
}

async function mustBe(expected, asked) {
  const { status } = await asked
  if (status !== expected) throw new Error(`it was answered ${status}`)
}
