// figures.mjs [FILE]: the page's figures as rows of ./dev bench. DEBUGGED_ORDERS names the program.

import { writeFileSync } from "node:fs"
import { measureLarge } from "./large.mjs"
import { openPage, startBrowser, startOrders } from "./page.mjs"

const rounds = 5
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

const orders = await startOrders()
const first = []
const steps = []
// The first round folds the whole stream; the program keeps what it folded for the next.
for (let round = 0; round < rounds; ++round) {
  const browser = await startBrowser()
  const page = await openPage(browser, orders.url, "")
  await page.locator(".streams .stream").first().waitFor()
  const figures = await measureLarge(page, "orders/large")
  first.push(figures.first)
  steps.push(...figures.steps)
  await browser.close()
}
orders.stop()

const row = (name, value, limit) => ({
  name, value, unit: "ms", peer: "the limit", peer_value: limit, ratio: value / limit, target: 1, at_most: true, pass: value <= limit,
})
const rows = [row("the page: first state of 100,000 events, the slowest of five", Math.max(...first), 300),
  row("the page: a step of the slider over them, median", median(steps), 100)]
for (const { name, value, peer_value: limit, pass } of rows) {
  console.log(`${name}\n    ${value.toFixed(0)} ms ${pass ? "met" : "MISSED"} (at most ${limit})`)
}
if (process.argv[2]) writeFileSync(process.argv[2], `${JSON.stringify(rows, null, 2)}\n`)
process.exit(0)
