import assert from "node:assert/strict"
import { test } from "node:test"
import { setTimeout as pause } from "node:timers/promises"
import { DurableStream, IdempotentProducer } from "@durable-streams/client"
import { newSeed, Random } from "../harness/random.mjs"
import { eventually } from "../harness/server.mjs"
import { CuttingProxy } from "./cutting_proxy.mjs"
import { assertEvents, assertNoneMissing, createOrder, Follower, orderEvents, readAll, serverOnDisk } from "./orders.mjs"

const seed = Number(process.env.FOLDBACK_SEED ?? newSeed())
console.log(`seed ${seed}`)

const EVENTS = 10_000
const RETRIES = 1_000

/** fetch that sends again what the network broke: safe, since the server knows a producer's request when it sees it. */
async function fetchUntilAnswered(url, options) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await fetch(url, options)
      const body = await response.arrayBuffer()
      const { status } = response
      if (status === 503 && attempt < RETRIES) continue
      return new Response(status === 204 ? null : body, { status, headers: response.headers })
    } catch (error) {
      if (attempt >= RETRIES) throw error
      await pause(1)
    }
  }
}

test("a producer writes 10,000 events exactly once through a network that cuts, duplicates and reorders connections", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/cut")
  const proxy = await CuttingProxy.start({
    targetPort: server.port,
    random: new Random(seed),
    delayMs: 3,
    duplicates: 0.5,
    stragglers: 0.5,
    test: t,
  })
  const throughProxy = new DurableStream({ url: `${proxy.url}/v1/stream/orders/cut`, contentType: "application/json" })
  const events = orderEvents(1, EVENTS)

  // An earlier producer of the same name holds epoch 3; the new one has to claim the next.
  const earlier = new IdempotentProducer(order, "checkout", { epoch: 3 })
  earlier.append(JSON.stringify(events[0]))
  await earlier.flush()
  await earlier.detach()

  const errors = []
  const producer = new IdempotentProducer(throughProxy, "checkout", {
    autoClaim: true,
    maxBatchBytes: 2_000,
    fetch: fetchUntilAnswered,
    onError: (error) => errors.push(error),
  })
  for (const event of events.slice(1)) producer.append(JSON.stringify(event))
  await producer.flush()

  assert.deepEqual(errors, [])
  assert.equal(producer.epoch, 4)
  const { items } = await readAll(order.url)
  assertEvents(items, 1, EVENTS)
  console.log(`cuts: ${proxy.cuts.request} in requests, ${proxy.cuts.response} in responses`)
  console.log(`connections that came twice: ${proxy.duplicated}, late: ${proxy.straggled}`)
  assert.ok(proxy.duplicated >= 10 && proxy.straggled >= 5, "the network hardly sent anything twice or late")
  assert.ok(proxy.cuts.request >= 20 && proxy.cuts.response >= 20, "the network hardly cut at all")

  const zombie = await fetch(order.url, {
    method: "POST",
    headers: { "content-type": "application/json", "producer-id": "checkout", "producer-epoch": "3", "producer-seq": "1" },
    body: "{}",
  })
  assert.equal(zombie.status, 403)
  assert.equal(zombie.headers.get("producer-epoch"), "4")
})

test("a reader behind the same network gets every event", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/read-cut")
  const proxy = await CuttingProxy.start({
    targetPort: server.port,
    random: new Random(seed + 1),
    requestBytes: 1_000,
    responseBytes: 20_000,
    test: t,
  })
  const url = `${proxy.url}/v1/stream/orders/read-cut`
  const polling = new Follower(url, { live: "long-poll" })
  const listening = new Follower(url, { live: "sse" })

  for (let first = 1; first <= 2_000; first += 10) {
    const batch = orderEvents(first, first + 9)
    const response = await fetch(order.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(batch),
    })
    assert.equal(response.status, 204)
  }
  // What one cut-off response left over is fetched again by the next; the network gets better in the end.
  await eventually("cuts to have happened", () => proxy.cuts.response >= 2)
  proxy.cutting = false

  for (const follower of [polling, listening]) await eventually("all events to arrive", () => follower.lastId >= 2_000)
  assertEvents(polling.items, 1, 2_000)
  // By SSE the offset comes after the data (PROTOCOL §5.8): where the network cuts between the two, the client asks for that data
  // again. So none is missing or out of order, and there are at most as many repetitions as cuts.
  const repetitions = assertNoneMissing(listening.items, 2_000)
  assert.ok(repetitions <= proxy.cuts.response, `${repetitions} repetitions after ${proxy.cuts.response} cuts`)
})
