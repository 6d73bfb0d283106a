import assert from "node:assert/strict"
import { test } from "node:test"
import { eventually } from "../harness/server.mjs"
import { appendAll, assertEvents, createOrder, Follower, orderEvents, readAll, serverOnDisk } from "./orders.mjs"

test("a saved offset is good after kill -9 and a restart on the same data and port", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/crash")
  await appendAll(order, orderEvents(1, 30))
  const { offset } = await readAll(order.url)
  await appendAll(order, orderEvents(31, 40))

  await server.kill()
  await server.start()

  assertEvents((await readAll(order.url, offset)).items, 31, 40)
  await appendAll(order, orderEvents(41, 50))
  assertEvents((await readAll(order.url, offset)).items, 31, 50)
  assertEvents((await readAll(order.url)).items, 1, 50)
})

test("nothing acknowledged is lost in five kills in a row", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/kills")
  for (let life = 0; life < 5; life += 1) {
    await appendAll(order, orderEvents(life * 10 + 1, life * 10 + 10))

    await server.kill()
    await server.start()

    assertEvents((await readAll(order.url)).items, 1, life * 10 + 10)
  }
})

for (const live of ["long-poll", "sse"]) {
  test(`a ${live} reader goes on after kill -9 without a gap or a repeat`, async (t) => {
    const server = await serverOnDisk(t)
    const order = await createOrder(server, "orders/reader")
    const follower = new Follower(order.url, { live })
    for (let life = 0; life < 4; life += 1) {
      await appendAll(order, orderEvents(life * 10 + 1, life * 10 + 10))
      await eventually("the events to arrive", () => follower.lastId >= life * 10 + 10)

      await server.kill()
      await server.start()
    }
    await appendAll(order, orderEvents(41, 50))

    await eventually("the events to arrive", () => follower.lastId >= 50)
    assertEvents(follower.items, 1, 50)
  })
}
