import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { gzipSync } from "node:zlib"
import { eventually } from "../harness/server.mjs"
import { isReady, moment, momentIs, openPage, startBrowser, startOrders, until } from "./page.mjs"

let orders
let browser
before(async () => {
  orders = await startOrders()
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  orders?.stop()
})

async function opened(t, hash, options) {
  const page = await openPage(browser, orders.url, hash, options)
  t.after(() => page.context().close())
  return page
}

async function firstBroken(stream = "orders/42") {
  const answer = await fetch(`${orders.url}/debug/api/invariants?stream=${stream}`)
  return (await answer.json()).invariants[0].first
}

function isQuiet(page) {
  assert.deepEqual(page.complaints, [])
  assert.deepEqual(page.elsewhere, [])
}

test("a stream is found by typing and opened at its tail", async (t) => {
  const page = await opened(t, "")
  await page.getByLabel("stream", { exact: true }).fill("orders/4")
  await page.locator(".streams .stream").first().waitFor()
  await until(page, () => document.querySelectorAll(".streams .stream").length === 1)
  await page.keyboard.press("Enter")
  await momentIs(page, 114)
  assert.match(page.url(), /#\/orders\/42$/)
  isQuiet(page)
})

test("keys step through the moments, and the URL is the moment", async (t) => {
  const page = await opened(t, "#/orders/42?at=10")
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
  const again = await opened(t, new URL(page.url()).hash.replace(/\?.*/, "?at=9"))
  await momentIs(again, 9)
  isQuiet(page)
})

test("going back in the browser goes back to the moment before", async (t) => {
  const page = await opened(t, "#/orders/42?at=10")
  await momentIs(page, 10)
  await page.locator('.event[data-number="12"]').click()
  await momentIs(page, 12)
  await page.goBack()
  await momentIs(page, 10)
})

test("what a step changed is marked, and lines are told apart by their key", async (t) => {
  const page = await opened(t, "#/orders/42?at=5")
  await momentIs(page, 5)
  assert.equal(await page.locator('.row.changed[data-pointer="/total"]').count(), 1)
  await page.keyboard.press("d")
  await page.locator(".changes").waitFor()
  assert.match(await page.locator(".changes").innerText(), /\/lines\/\[tray-3\]/)
})

test("a time leads to the moment at it", async (t) => {
  const page = await opened(t, "#/orders/42?at=0")
  await momentIs(page, 0)
  const time = await (await fetch(`${orders.url}/debug/api/events?stream=orders/42&from=20&count=1`)).json()
  await page.keyboard.press("/")
  await page.getByLabel("find", { exact: true }).fill(time.page[0].committed_at)
  await page.keyboard.press("Enter")
  await momentIs(page, 20)
})

test("the strip shows where an invariant broke and leads to the event that broke it", async (t) => {
  const broken = await firstBroken()
  const page = await opened(t, "#/orders/42")
  await page.locator(".broke-at").first().click()
  await momentIs(page, broken)
  assert.match(await page.locator(".suspicion").innerText(), /total-matches-lines/)
  assert.match(await page.locator(".event-panel header").innerText(), /ItemRemoved/)
  isQuiet(page)
})

test("a question leads to the first moment at which it is true", async (t) => {
  const broken = await firstBroken()
  const page = await opened(t, "#/orders/42")
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
  const page = await opened(t, "#/orders/42?at=6")
  await momentIs(page, 6)
  await page.keyboard.press("b")
  await page.locator('[data-pointer="/status"] .blame').click()
  await momentIs(page, 1)
})

test("what lies between two moments is shown as changes since the first", async (t) => {
  const page = await opened(t, "#/orders/42?at=3")
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
  const page = await opened(t, "#/orders/42")
  await page.locator(".mark.snapshot").first().click()
  await momentIs(page, 50)
  assert.equal(await page.locator(".mark").count(), 3)
  isQuiet(page)
})

test("stepping asks for a page of states and then for nothing", async (t) => {
  const page = await opened(t, "#/orders/42?at=51")
  await momentIs(page, 51)
  const pageOfStates = page.waitForResponse((response) => response.url().includes("/states?"))
  await page.keyboard.press("ArrowRight")
  await momentIs(page, 52)
  await pageOfStates
  const asked = []
  page.on("request", (request) => asked.push(request.url()))
  for (let at = 53; at <= 60; ++at) {
    await page.keyboard.press("ArrowRight")
    await momentIs(page, at)
  }
  assert.deepEqual(asked.filter((url) => url.includes("/state?")), [])
  const alone = await (await fetch(`${orders.url}/debug/api/state?stream=orders/42&at=60`)).json()
  assert.match(await page.locator('[data-pointer="/total"]').innerText(), new RegExp(`→ ${alone.state.total}\\b`))
  isQuiet(page)
})

test("scrubbing faster than browsers let a page write its URL still ends where the slider is", async (t) => {
  const page = await opened(t, "#/orders/42?at=0")
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
  const page = await opened(t, "#/orders/42?at=30")
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
  const page = await opened(t, `#/orders/42?at=${broken}`)
  await momentIs(page, broken)
  await page.keyboard.press("x")
  await page.getByRole("button", { name: "Compare" }).click()
  await page.locator(".side").nth(1).waitFor()
  assert.match(await page.locator(".what-if > .changes").innerText(), /\/total/)
  const name = `debug/orders/42-${Date.now()}`
  await page.getByLabel("name of the fork").fill(name)
  await page.getByRole("button", { name: "Save as fork" }).click()
  await page.locator(".saved").waitFor()

  const fork = await fetch(`${orders.url}/v1/stream/${name}?offset=-1`)
  assert.equal((await fork.json()).length, 113)
  await page.locator(".saved button").click()
  await momentIs(page, 113)
  isQuiet(page)
})

test("an edited event is what-iffed, too", async (t) => {
  const page = await opened(t, "#/orders/42?at=2")
  await momentIs(page, 2)
  await page.keyboard.press("e")
  const area = page.getByLabel("the message")
  await area.fill((await area.inputValue()).replace(/"quantity": 1/, '"quantity": 1000'))
  await page.getByRole("button", { name: "What if", exact: true }).click()
  await page.locator(".side").nth(1).waitFor()
  assert.match(await page.locator(".what-if > .changes").innerText(), /1000/)
})

test("new events are followed live", async (t) => {
  const page = await opened(t, "#/orders/21")
  await isReady(page)
  const at = Number(await moment(page))
  const listening = page.waitForResponse((response) => response.url().includes("live=sse"))
  await page.keyboard.press("l")
  await listening
  await fetch(`${orders.url}/v1/stream/orders/21`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ type: "PaymentReceived", version: 1, id: "live-1", data: { cents: 5 } }),
  })
  await momentIs(page, at + 1)
  isQuiet(page)
})

test("an event that cannot be decoded is shown as such", async (t) => {
  const page = await opened(t, "#/orders/7?at=2")
  await momentIs(page, 2)
  assert.match(await page.locator(".event-panel .problem").innerText(), /Not decoded/)
  assert.match(await page.locator(".strips").innerText(), /not decoded/)
})

test("a link made under another build says so", async (t) => {
  const page = await opened(t, "#/orders/42?at=3&build=0123abcd4567")
  await page.locator(".banner:not([hidden])").waitFor()
  assert.match(await page.locator(".banner").innerText(), /another build/)
})

test("hostile events are text and nothing else", async (t) => {
  const stream = encodeURIComponent("<img src=x onerror=alert(1)>")
  for (const lens of ["last", "merge"]) {
    const page = await opened(t, `#/hostile/${stream}?at=1&lens=${lens}`)
    let dialogs = 0
    page.on("dialog", (dialog) => { dialogs += 1; dialog.dismiss() })
    await momentIs(page, 1)
    for (const key of ["c", "b", "m"]) await page.keyboard.press(key)
    for (const at of [1, 2, 3, 4, 5, 6]) {
      await momentIs(page, at)
      await page.locator(".trace").getByText(/event|linked/).first().waitFor()
      await until(page, () => document.querySelectorAll(".event .type").length === 6)
      const found = await page.evaluate(() => ({
        broken: window.broken, polluted: ({}).broken, scripts: document.scripts.length,
        images: document.querySelectorAll("img").length, handlers: document.querySelectorAll("[onerror],[onload]").length,
        overridden: document.body.innerText.includes("\u202e"),
      }))
      assert.deepEqual(found, { broken: undefined, polluted: undefined, scripts: 1, images: 1, handlers: 0, overridden: false })
      await page.keyboard.press("ArrowRight")
    }
    assert.equal(dialogs, 0)
    isQuiet(page)
  }
})

test("hostile names are text in lists of streams, of finds and of pins", async (t) => {
  const page = await opened(t, `#/hostile/${encodeURIComponent("<img src=x onerror=alert(1)>")}?at=5&lens=last&pin=${encodeURIComponent("/constructor")}&pin=${encodeURIComponent("/<b>x")}`)
  await momentIs(page, 5)
  await page.locator(".spark").nth(1).waitFor()
  await page.keyboard.press("o")
  await page.locator("dialog").getByLabel("stream", { exact: true }).fill("hostile/")
  await page.locator("dialog .stream .name", { hasText: "<img src=x onerror=alert(1)>" }).waitFor()
  await page.getByRole("button", { name: "close" }).click()
  await page.keyboard.press("/")
  await page.getByLabel("find", { exact: true }).fill("script")
  await page.keyboard.press("Enter")
  await page.locator(".results .stream").first().waitFor()
  const found = await page.evaluate(() => ({ broken: window.broken, images: document.querySelectorAll("img").length, bold: document.querySelectorAll("#app b:not(.moment b), dialog b").length }))
  assert.deepEqual(found, { broken: undefined, images: 1, bold: 0 })
  isQuiet(page)
})

test("what a lens redacts is in no answer to the page", async (t) => {
  const page = await opened(t, "#/orders/42?at=1")
  let answers = ""
  page.on("response", async (response) => {
    const text = response.url().includes("/debug/api/") ? await response.text().catch(() => "") : ""
    answers += text
  })
  await momentIs(page, 1)
  for (const key of ["b", "c", "d", "ArrowRight", "m", "ArrowRight", "x", "w"]) await page.keyboard.press(key)
  await page.locator(".side").nth(1).waitFor()
  await until(page, () => document.querySelector(".since"))
  assert.match(await page.locator("body").innerText(), /••••/)
  assert.equal((await page.content()).includes("ada@example.org"), false)
  await eventually("a page of states", () => answers.includes('"states":'))
  assert.equal(answers.includes("ada@example.org"), false)
})

test("the page is less than 60 KB", async () => {
  const page = await (await fetch(`${orders.url}/debug/`)).text()
  const files = new Set(["/debug/", "/debug/icon.svg", "/debug/debugger.css", "/debug/app.js"])
  assert.match(page, /app\.js/)
  let bytes = 0
  for (const file of files) {
    const response = await fetch(`${orders.url}${file}`)
    assert.equal(response.status, 200)
    const text = await response.text()
    bytes += gzipSync(text).length
    for (const [, name] of text.matchAll(/from "\.\/([a-z_]+\.js)"/g)) files.add(`/debug/${name}`)
  }
  assert.ok(files.size > 15, [...files].join())
  assert.ok(bytes < 60 * 1024, `${bytes} bytes`)
})

test("without JavaScript there are plain lists", async (t) => {
  const page = await opened(t, "", { javaScriptEnabled: false })
  await page.getByRole("link", { name: /plain lists/ }).click()
  await page.getByRole("link", { name: "orders/42", exact: true }).click()
  assert.match(await page.locator("ol li").first().innerText(), /OrderPlaced/)
})

test("at 390 px nothing is cut off sideways", async (t) => {
  for (const hash of ["#/orders/42?at=30&pin=/total", `#/hostile/${encodeURIComponent("<img src=x onerror=alert(1)>")}?at=4`]) {
    const page = await opened(t, hash, { viewport: { width: 390, height: 844 } })
    await isReady(page)
    await page.locator(".event .type").first().waitFor()
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true)
    isQuiet(page)
  }
})
