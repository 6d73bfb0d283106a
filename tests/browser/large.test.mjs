// A long stream in the page.

import assert from "node:assert/strict"
import { test } from "node:test"
import { measureLarge } from "./large.mjs"
import { debuggedOrders, isQuiet } from "./world.mjs"

const world = debuggedOrders()
const mostRounds = 6
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** Asks about other streams until the program has forgotten what it folded. */
async function forget() {
  for (let number = 10; number < 22; ++number) await fetch(`${world.orders.url}/debug/api/state?stream=orders/${number}`)
}

// What else the machine does makes it slower and never faster: the best round counts, and one that is good enough is the last.
test("a stream of 100,000 events shows its first state within 300 ms and a slider step within 100 ms", async (t) => {
  let first = Infinity
  let step = Infinity
  for (let round = 0; round < mostRounds && (first >= 300 || step >= 100); ++round) {
    const page = await world.opened(t, "")
    await page.locator(".streams .stream").first().waitFor()
    const figures = await measureLarge(page, "orders/large")
    t.diagnostic(`first state ${figures.first.toFixed(0)} ms, slider steps ${figures.steps.map((ms) => ms.toFixed(0)).join(" ")} ms`)
    first = Math.min(first, figures.first)
    step = Math.min(step, median(figures.steps))
    assert.ok(await page.locator(".event").count() < 100, "the list is not virtual")
    isQuiet(page)
    await forget()
  }
  assert.ok(first < 300, `first state after ${first} ms`)
  assert.ok(step < 100, `a step takes ${step} ms`)
})

test("a number is drawn over 100,000 events", async (t) => {
  const page = await world.opened(t, "#/orders/large?at=500&pin=/total")
  const begin = performance.now()
  await page.locator(".spark polyline").waitFor()
  t.diagnostic(`drawn after ${(performance.now() - begin).toFixed(0)} ms`)
  const points = await page.locator(".spark polyline").getAttribute("points")
  assert.ok(points.split(" ").length > 300)
  isQuiet(page)
})
