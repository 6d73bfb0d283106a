import assert from "node:assert/strict"
import { test } from "node:test"
import { eventually } from "../harness/server.mjs"
import { isReady, moment, momentIs, until } from "./page.mjs"
import { debuggedOrders, isQuiet } from "./world.mjs"

const world = debuggedOrders()

async function firstBroken(stream = "orders/42") {
  const answer = await fetch(`${world.orders.url}/debug/api/invariants?stream=${stream}`)
  return (await answer.json()).invariants[0].first
}

test("a stream is found by typing and opened at its tail", async (t) => {
  const page = await world.opened(t, "")
  await page.getByLabel("stream", { exact: true }).fill("orders/4")
  await page.locator(".streams .stream").first().waitFor()
  await until(page, () => document.querySelectorAll(".streams .stream").length === 1)
  await page.keyboard.press("Enter")
  await momentIs(page, 114)
  assert.match(page.url(), /#\/orders\/42$/)
  isQuiet(page)
})

test("keys step through the moments, and the URL is the moment", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=10")
  await momentIs(page, 10)
  await page.keyboard.press("ArrowRight")
  await momentIs(page, 11)
  await page.keyboard.press("ArrowLeft")
  await page.keyboard.press("ArrowLeft")
  await momentIs(page, 9)
  await until(page, () => location.hash.includes("at=9"))
  await page.keyboard.press("Home")
  await momentIs(page, 0)
  await page.keyboard.press("End")
  await momentIs(page, 114)
  const again = await world.opened(t, new URL(page.url()).hash.replace(/\?.*/, "?at=9"))
  await momentIs(again, 9)
  isQuiet(page)
})

test("going back in the browser goes back to the moment before", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=10")
  await momentIs(page, 10)
  await page.locator('.event[data-number="12"]').click()
  await momentIs(page, 12)
  await page.goBack()
  await momentIs(page, 10)
})

test("what a step changed is marked, and lines are told apart by their key", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=5")
  await momentIs(page, 5)
  assert.equal(await page.locator('.row.changed[data-pointer="/total"]').count(), 1)
  await page.keyboard.press("d")
  await page.locator(".changes").waitFor()
  assert.match(await page.locator(".changes").innerText(), /\/lines\/\[tray-3\]/)
})

test("a time leads to the moment at it", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=0")
  await momentIs(page, 0)
  const time = await (await fetch(`${world.orders.url}/debug/api/events?stream=orders/42&from=20&count=1`)).json()
  await page.keyboard.press("/")
  await page.getByLabel("find", { exact: true }).fill(time.page[0].committed_at)
  await page.keyboard.press("Enter")
  await momentIs(page, 20)
})

test("the strip shows where an invariant broke and leads to the event that broke it", async (t) => {
  const broken = await firstBroken()
  const page = await world.opened(t, "#/orders/42")
  await page.locator(".broke-at").first().click()
  await momentIs(page, broken)
  assert.match(await page.locator(".suspicion").innerText(), /total-matches-lines/)
  assert.match(await page.locator(".event-panel header").innerText(), /ItemRemoved/)
  isQuiet(page)
})

test("a question leads to the first moment at which it is true", async (t) => {
  const broken = await firstBroken()
  const page = await world.opened(t, "#/orders/42")
  await momentIs(page, 114)
  await page.keyboard.press("/")
  await page.getByLabel("find", { exact: true }).fill("total-matches-lines")
  await page.keyboard.press("Enter")
  await momentIs(page, broken)
  await page.keyboard.press("/")
  await page.getByLabel("find", { exact: true }).fill("count(/lines) >= 10")
  await page.keyboard.press("Enter")
  await until(page, () => document.querySelectorAll('.json .flat[data-pointer^="/lines/"]').length === 10)
})

test("blame names the event that set a field and leads there", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=6")
  await momentIs(page, 6)
  await page.keyboard.press("b")
  await page.locator('[data-pointer="/status"] .blame').click()
  await momentIs(page, 1)
})

test("what lies between two moments is shown as changes since the first", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=3")
  await momentIs(page, 3)
  await page.keyboard.press("m")
  await page.locator('.event[data-number="6"]').click()
  await page.locator(".since").waitFor()
  await page.keyboard.press("d")
  await until(page, () => document.querySelector(".changes")?.innerText.includes("/lines/[tray-3]"))
  assert.match(page.url(), /since=3/)
  await page.getByRole("button", { name: "since the event before" }).click()
  await until(page, () => !document.querySelector(".since"))
  isQuiet(page)
})

test("snapshots and checkpoints are marked on the timeline and lead there", async (t) => {
  const page = await world.opened(t, "#/orders/42")
  await page.locator(".mark.snapshot").first().click()
  await momentIs(page, 50)
  assert.equal(await page.locator(".mark").count(), 3)
  isQuiet(page)
})

test("stepping asks for a page of states and then for nothing", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=51")
  await momentIs(page, 51)
  const pageOfStates = page.waitForResponse((response) => response.url().includes("/states?"))
  await page.keyboard.press("ArrowRight")
  await momentIs(page, 52)
  await (await pageOfStates).finished()
  // The answer has arrived; the page has it when it has nothing left to do.
  await page.evaluate(() => new Promise((done) => requestIdleCallback(() => setTimeout(() => requestIdleCallback(done)))))
  const asked = []
  page.on("request", (request) => asked.push(request.url()))
  for (let at = 53; at <= 60; ++at) {
    await page.keyboard.press("ArrowRight")
    await momentIs(page, at)
  }
  assert.deepEqual(asked.filter((url) => url.includes("/state?")), [])
  const alone = await (await fetch(`${world.orders.url}/debug/api/state?stream=orders/42&at=60`)).json()
  assert.match(await page.locator('[data-pointer="/total"]').innerText(), new RegExp(`→ ${alone.state.total}\\b`))
  isQuiet(page)
})

test("scrubbing faster than browsers let a page write its URL still ends where the slider is", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=0")
  await momentIs(page, 0)
  await page.evaluate(async () => {
    const slider = document.querySelector('input[type="range"]')
    for (let turn = 0; turn < 500; ++turn) {
      slider.value = String(turn % 100)
      slider.dispatchEvent(new Event("input"))
      if (turn % 10 === 0) await new Promise(requestAnimationFrame)
    }
  })
  await momentIs(page, 99)
  await until(page, () => location.hash.includes("at=99"))
  isQuiet(page)
})

test("a pinned number is drawn over all events, and stays in the URL", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=30")
  await momentIs(page, 30)
  await page.locator('[data-pointer="/total"] .pin').click()
  await page.locator(".spark polyline").waitFor()
  assert.match(page.url(), /pin=%2Ftotal/)
  await page.reload()
  await page.locator(".spark polyline").waitFor()
  isQuiet(page)
})

test("a what-if is compared side by side and saved as a fork that any reader can read", async (t) => {
  const broken = await firstBroken()
  const page = await world.opened(t, `#/orders/42?at=${broken}`)
  await momentIs(page, broken)
  await page.keyboard.press("x")
  await page.getByRole("button", { name: "Compare" }).click()
  await page.locator(".side").nth(1).waitFor()
  assert.match(await page.locator(".what-if > .changes").innerText(), /\/total/)
  const name = `debug/orders/42-${Date.now()}`
  await page.getByLabel("name of the fork").fill(name)
  await page.getByRole("button", { name: "Save as fork" }).click()
  await page.locator(".saved").waitFor()

  const fork = await fetch(`${world.orders.url}/v1/stream/${name}?offset=-1`)
  assert.equal((await fork.json()).length, 113)
  await page.locator(".saved button").click()
  await momentIs(page, 113)
  isQuiet(page)
})

test("an edited event is what-iffed, too", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=2")
  await momentIs(page, 2)
  await page.keyboard.press("e")
  const area = page.getByLabel("the message")
  await area.fill((await area.inputValue()).replace(/"quantity": 1/, '"quantity": 1000'))
  await page.getByRole("button", { name: "What if", exact: true }).click()
  await page.locator(".side").nth(1).waitFor()
  assert.match(await page.locator(".what-if > .changes").innerText(), /1000/)
})

test("new events are followed live", async (t) => {
  const page = await world.opened(t, "#/orders/21")
  await isReady(page)
  const at = Number(await moment(page))
  const listening = page.waitForResponse((response) => response.url().includes("live=sse"))
  await page.keyboard.press("l")
  await listening
  await fetch(`${world.orders.url}/v1/stream/orders/21`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ type: "PaymentReceived", version: 1, id: "live-1", data: { cents: 5 } }),
  })
  await momentIs(page, at + 1)
  isQuiet(page)
})

test("one connection follows, whichever stream is looked at", async (t) => {
  const page = await world.opened(t, "#/orders/20")
  const open = new Set()
  page.on("request", (request) => request.url().includes("live=sse") && open.add(request))
  page.on("requestfailed", (request) => open.delete(request))
  page.on("requestfinished", (request) => open.delete(request))
  await isReady(page)
  await page.keyboard.press("l")
  await eventually("a connection", () => open.size === 1)
  await page.evaluate(() => { location.hash = "#/orders/19" })
  await eventually("another connection and no other", () => open.size === 1 && [...open][0].url().includes("orders/19"))
  await page.keyboard.press("l")
  await eventually("no connection", () => open.size === 0)
})

test("a stream that is closed is followed to its end, and not asked again and again", async (t) => {
  const url = `${world.orders.url}/v1/stream/orders/closed`
  const send = (method, headers, body) => fetch(url, { method, headers: { "content-type": "application/json", ...headers }, body })
  assert.equal((await send("PUT", { "stream-closed": "true" }, '[{"type":"PaymentReceived","version":1,"data":{"cents":5}}]')).status, 201)
  const page = await world.opened(t, "#/orders/closed")
  await isReady(page)
  await page.clock.install()
  const asked = []
  page.on("requestfinished", (request) => request.url().includes("live=sse") && asked.push(request))
  await page.keyboard.press("l")
  await eventually("the end of the stream", () => asked.length > 0)
  await page.clock.runFor(5_000)
  await page.keyboard.press("Home")
  await momentIs(page, 0)
  assert.equal(asked.length, 1)
  isQuiet(page)
})

test("space plays the events and stops", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=0")
  await momentIs(page, 0)
  await page.keyboard.press(" ")
  await momentIs(page, 2)
  await page.keyboard.press(" ")
  const stopped = await page.locator('button[aria-label="play"] .icon.play').count()
  assert.equal(stopped, 1)
  isQuiet(page)
})

test("an event that cannot be decoded is shown as such", async (t) => {
  const page = await world.opened(t, "#/orders/7?at=2")
  await momentIs(page, 2)
  assert.match(await page.locator(".event-panel .problem").innerText(), /Not decoded/)
  assert.match(await page.locator(".strips").innerText(), /not decoded/)
})

test("a link made under another build says so", async (t) => {
  const page = await world.opened(t, "#/orders/42?at=3&build=0123abcd4567")
  await page.locator(".banner:not([hidden])").waitFor()
  assert.match(await page.locator(".banner").innerText(), /another build/)
})

test("without JavaScript there are plain lists", async (t) => {
  const page = await world.opened(t, "", { javaScriptEnabled: false })
  await page.getByRole("link", { name: /plain lists/ }).click()
  await page.getByRole("link", { name: "orders/42", exact: true }).click()
  assert.match(await page.locator("ol li").first().innerText(), /OrderPlaced/)
})

test("at 390 px nothing is cut off sideways", async (t) => {
  for (const hash of ["#/orders/42?at=30&pin=/total", `#/hostile/${encodeURIComponent("<img src=x onerror=alert(1)>")}?at=4`]) {
    const page = await world.opened(t, hash, { viewport: { width: 390, height: 844 } })
    await isReady(page)
    await page.locator(".event .type").first().waitFor()
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true)
    isQuiet(page)
  }
})
