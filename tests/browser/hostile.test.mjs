// Events are written by strangers: what they say is text, what a lens hides stays hidden.

import assert from "node:assert/strict"
import { test } from "node:test"
import { gzipSync } from "node:zlib"
import { eventually } from "../harness/server.mjs"
import { momentIs, until } from "./page.mjs"
import { debuggedOrders, isQuiet } from "./world.mjs"

const world = debuggedOrders()

test("hostile events are text and nothing else", async (t) => {
  const stream = encodeURIComponent("<img src=x onerror=alert(1)>")
  for (const lens of ["last", "merge"]) {
    const page = await world.opened(t, `#/hostile/${stream}?at=1&lens=${lens}`)
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
  const page = await world.opened(t, `#/hostile/${encodeURIComponent("<img src=x onerror=alert(1)>")}?at=5&lens=last&pin=${encodeURIComponent("/constructor")}&pin=${encodeURIComponent("/<b>x")}`)
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
  const page = await world.opened(t, "#/orders/42?at=1")
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
  const page = await (await fetch(`${world.orders.url}/debug/`)).text()
  const files = new Set(["/debug/", "/debug/icon.svg", "/debug/debugger.css", "/debug/app.js"])
  assert.match(page, /app\.js/)
  let bytes = 0
  for (const file of files) {
    const response = await fetch(`${world.orders.url}${file}`)
    assert.equal(response.status, 200)
    const text = await response.text()
    bytes += gzipSync(text).length
    for (const [, name] of text.matchAll(/from "\.\/([a-z_]+\.js)"/g)) files.add(`/debug/${name}`)
  }
  assert.ok(files.size > 15, [...files].join())
  assert.ok(bytes < 60 * 1024, `${bytes} bytes`)
})
