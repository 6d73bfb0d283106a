import assert from "node:assert/strict"
import { test } from "node:test"
import { eventually } from "../harness/server.mjs"
import { appendAll, appendFromAnotherProcess, assertEvents, createOrder, Follower, orderEvents, serverOnDisk } from "./orders.mjs"

for (const live of ["long-poll", "sse"]) {
  test(`a ${live} reader sees live what another process appends, once and in order`, async (t) => {
    const server = await serverOnDisk(t)
    const order = await createOrder(server, "orders/live")
    await appendAll(order, orderEvents(1, 5))
    const follower = new Follower(order.url, { live })
    await eventually("the reader to reach the tail", () => follower.caughtUp > 0)

    await appendFromAnotherProcess(order.url, 6, 205)

    await eventually("all events to arrive", () => follower.lastId >= 205)
    assertEvents(follower.items, 1, 205)
    assert.equal(follower.restarts, 0)
  })

  test(`a ${live} reader that starts while events arrive misses none at the handover`, async (t) => {
    const server = await serverOnDisk(t)
    const order = await createOrder(server, "orders/handover")

    const appending = appendFromAnotherProcess(order.url, 1, 300)
    const followers = []
    for (let started = 0; started < 10; started += 1) {
      const reached = followers.length === 0 ? 1 : followers.at(-1).lastId + 5
      followers.push(new Follower(order.url, { live }))
      await eventually("the reader to get going", () => followers.at(-1).lastId >= Math.min(reached, 300))
    }
    await appending

    for (const follower of followers) {
      await eventually("all events to arrive", () => follower.lastId >= 300)
      assertEvents(follower.items, 1, 300)
    }
  })
}
