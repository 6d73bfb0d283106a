import assert from "node:assert/strict"
import { test } from "node:test"
import { appendAll, assertEvents, createOrder, orderEvents, readAll, serverOnDisk } from "./orders.mjs"

test("an order's events replay from the beginning as they were appended", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/o-1")

  await appendAll(order, orderEvents(1, 50))

  const replayed = await readAll(order.url, "-1")
  assertEvents(replayed.items, 1, 50)
  assert.equal(replayed.offset, (await order.head()).offset)
})

test("a reader goes on from the offset it saved", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/o-2")
  await appendAll(order, orderEvents(1, 20))
  const { offset } = await readAll(order.url)

  await appendAll(order, orderEvents(21, 30))

  assertEvents((await readAll(order.url, offset)).items, 21, 30)
})

test("two orders do not see each other's events", async (t) => {
  const server = await serverOnDisk(t)
  const first = await createOrder(server, "orders/o-3")
  const second = await createOrder(server, "orders/o-4")

  await Promise.all([appendAll(first, orderEvents(1, 40)), appendAll(second, orderEvents(101, 140))])

  assertEvents((await readAll(first.url)).items, 1, 40)
  assertEvents((await readAll(second.url)).items, 101, 140)
})

test("a closed order ends its readers and refuses more events", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/o-5")
  await appendAll(order, orderEvents(1, 3))

  await order.close({ body: JSON.stringify({ id: 4, type: "order_completed" }) })

  const replayed = await readAll(order.url)
  assert.deepEqual(replayed.items.at(-1), { id: 4, type: "order_completed" })
  await assert.rejects(order.append(JSON.stringify({ id: 5 })))
  assert.equal((await order.head()).streamClosed, true)
})
