// What the page says where something is missing, wrong or gone, to somebody in a hurry.

import assert from "node:assert/strict"
import { test } from "node:test"
import { isReady, momentIs, openPage, startOrders, until } from "./page.mjs"
import { debuggedOrders, isQuiet } from "./world.mjs"

const world = debuggedOrders()

test("what there is nothing to say in takes no room", async (t) => {
  const page = await world.opened(t, "#/orders/42")
  await momentIs(page, 114)
  for (const part of [".banner", ".what-if", ".what-if-bar", ".welcome"]) assert.equal(await page.locator(part).isVisible(), false, part)
})

test("numbers that JavaScript does not know are shown, and edited, as they are stored", async (t) => {
  const page = await world.opened(t, "#/numbers/1?at=1")
  await momentIs(page, 1)
  assert.match(await page.locator('.panel.state [data-pointer="/id"]').innerText(), /9007199254740993/)
  assert.equal(await page.locator(".source").first().innerText(), [
    '{', '  "type": "Set",', '  "data": {', '    "id": 9007199254740993,', '    "price": 1.10,', '    "none": {},', '    "tags": [],',
    '    "text": "a, {b} \\"c\\""', '  }', '}'].join("\n"))
  await page.keyboard.press("e")
  await page.getByRole("button", { name: "What if", exact: true }).click()
  await page.locator(".side").nth(1).waitFor()
  assert.match(await page.locator(".what-if > .changes, .what-if > p").first().innerText(), /Nothing changed/)
  await page.keyboard.press("End")
  await momentIs(page, 2)
  assert.match(await page.locator('.panel.state [data-pointer="/id"]').innerText(), /9007199254740993.*18446744073709551615/)
  await page.locator('.panel.state [data-pointer="/id"] .pin').click()
  await page.locator(".spark polyline").waitFor()
  isQuiet(page)
})

test("a question about what no state has is told from one that is true at no moment", async (t) => {
  const page = await world.opened(t, "#/orders/42")
  await momentIs(page, 114)
  await page.keyboard.press("/")
  await page.getByLabel("find", { exact: true }).fill("/totl < 0")
  await page.keyboard.press("Enter")
  await until(page, () => document.querySelector(".results").innerText.includes("No state has /totl."))
  await page.getByLabel("find", { exact: true }).fill("/total < 0")
  await page.keyboard.press("Enter")
  await until(page, () => document.querySelector(".results").innerText === "It is true at no moment.")
})

test("a what-if says which of its events is not decoded", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=2")
  await momentIs(page, 2)
  await page.keyboard.press("e")
  await page.getByLabel("the message").fill('{"type":"ItemAdded","version":1,"data":{"sku":"cup-1"}}')
  await page.getByRole("button", { name: "What if", exact: true }).click()
  await page.locator(".what-if > .problem").waitFor()
  assert.match(await page.locator(".what-if > .problem").innerText(), /Event 2 of the what-if is not decoded.*quantity/)
})

test("a state that lacks an event that cannot be decoded says so", async (t) => {
  const page = await world.opened(t, "#/orders/7")
  await page.locator(".state > .problem").waitFor()
  assert.match(await page.locator(".state > .problem").innerText(), /1 event up to here is not decoded and changed nothing/)
  await page.keyboard.press("ArrowLeft")
  await momentIs(page, 1)
  assert.equal(await page.locator(".state > .problem").count(), 0)
})

test("a link that leads nowhere leads to the nearest place and says why", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=999")
  await momentIs(page, 114)
  assert.match(await page.locator(".banner").innerText(), /moments 0 to 114, not 999/)
  const lens = await world.opened(t, "#/orders/42?at=3&lens=none")
  await momentIs(lens, 3)
  assert.match(await lens.locator(".banner").innerText(), /no lens 'none'/)
  const stream = await world.opened(t, "#/orders/none")
  await stream.locator(".streams .stream").first().waitFor()
  assert.match(await stream.locator(".banner").innerText(), /no stream 'orders\/none'/)
  await page.evaluate(() => { location.hash = "#/orders/none" })
  await page.locator(".streams .stream").first().waitFor()
  assert.equal(await page.locator("main").isVisible(), false)
})

test("a control keeps the focus when it is drawn anew", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=36")
  await momentIs(page, 36)
  const press = async (control) => {
    await control.focus()
    await page.keyboard.press("Enter")
    return page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(document.activeElement.textContent)))))
  }
  assert.equal(await press(page.getByRole("tab", { name: /changes/ })), "changes 2")
  assert.equal(await press(page.getByRole("button", { name: "Trace" })), "Trace")
  assert.equal(await press(page.locator('.event[data-number="35"] .skip')), "⊘")
  assert.equal(await page.evaluate(() => document.activeElement.closest(".event").dataset.number), "35")
  await page.getByRole("button", { name: "blame", exact: true }).focus()
  await page.keyboard.press("Enter")
  await page.locator(".blame").first().waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "blame")
  await page.keyboard.press("ArrowRight")
  await momentIs(page, 37)
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "blame")
})

test("times are said to be UTC, and are found as people write them", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=20")
  await momentIs(page, 20)
  const { page: [event] } = await (await fetch(`${world.orders.url}/debug/api/events?stream=orders/42&from=30&count=1`)).json()
  const [day, time] = event.committed_at.replace("Z", "").split("T")
  assert.match(await page.locator(".moment time").innerText(), /^\d{4}-\d\d-\d\d [\d:.]+Z$/)
  for (const text of [`${day} ${time}`, time, `${day}T${time}`]) {
    await page.keyboard.press("Home")
    await momentIs(page, 0)
    await page.evaluate((hash) => { location.hash = hash }, "#/orders/42?at=20")
    await momentIs(page, 20)
    await page.keyboard.press("/")
    await page.getByLabel("find", { exact: true }).fill(text)
    await page.keyboard.press("Enter")
    await momentIs(page, 30)
  }
})

test("a program that has gone is told from one that is silent", async (t) => {
  const { orders, browser } = { orders: await startOrders(), browser: world.browser }
  const page = await openPage(browser, orders.url, "#/orders/21")
  t.after(() => page.context().close())
  await isReady(page)
  await page.keyboard.press("l")
  await until(page, () => !document.querySelector(".live.lost"))
  orders.stop()
  await until(page, () => document.querySelector(".live").textContent === "reconnecting")
  await page.keyboard.press("o")
  await page.locator("dialog .problem").waitFor()
  assert.match(await page.locator("dialog .problem").innerText(), /No answer from 127\.0\.0\.1:\d+: is the program still running/)
})

test("what cannot be exported with a token is said, and not saved as a file", async (t) => {
  const stream = `${world.orders.url}/v1/stream/orders/short`
  const headers = { "content-type": "application/json" }
  await fetch(stream, { method: "PUT", headers })
  await fetch(stream, { method: "POST", headers, body: JSON.stringify({ type: "PaymentReceived", version: 1, data: { cents: 5 } }) })
  const page = await world.opened(t, "#/orders/short")
  await momentIs(page, 1)
  await page.evaluate(() => sessionStorage.setItem("foldback-token", "some"))
  let saved = 0
  page.on("download", () => { ++saved })
  await fetch(stream, { method: "DELETE" })
  await page.getByRole("link", { name: "Export test" }).click()
  await page.locator(".actions .problem").waitFor()
  assert.match(await page.locator(".actions .problem").innerText(), /no stream 'orders\/short'/)
  assert.equal(saved, 0)
})
