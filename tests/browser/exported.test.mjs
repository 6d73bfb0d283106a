// Tests that the page makes of a history.

import assert from "node:assert/strict"
import path from "node:path"
import { test } from "node:test"
import { runExportedTest } from "./orders.mjs"
import { moment } from "./page.mjs"
import { isQuiet, twoShops } from "./world.mjs"

const shops = twoShops()

test("the exported test fails on the faulty reducer and passes on the mended one", async (t) => {
  const page = await shops.opened(t, shops.faulty, "/debug/")
  await page.getByRole("button", { name: "total-is-lines-less-discounts" }).click()
  await page.locator(".streams .stream").first().click()
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export a failing test" }).click()])
  const source = path.join(shops.faulty.folder, download.suggestedFilename())
  await download.saveAs(source)
  const broken = await moment(page)

  const { faulty, sound } = await runExportedTest(source, shops.faulty.folder)

  assert.equal(faulty.passed, false)
  assert.match(faulty.output, new RegExp(`number := ${broken}\\b[^]*total-is-lines-less-discounts`))
  assert.equal(sound.passed, true, sound.output)
  assert.match(sound.output, /1 passed/)
})

test("the fewest events that break it are shown, and make a test of their own", async (t) => {
  const page = await shops.opened(t, shops.faulty, "/debug/")
  await page.getByRole("button", { name: "paid-what-was-due" }).click()
  await page.locator(".streams .stream").first().click()
  await page.getByRole("button", { name: "Fewest events that break it" }).click()
  await page.locator(".shrunk a").waitFor()
  assert.match(await page.locator(".shrunk").innerText(), /[123] of 4 events (is|are) enough:/)
  const source = await (await fetch(new URL(await page.locator(".shrunk a").getAttribute("href"), page.url()))).text()
  assert.match(source, /TEST_CASE\("orders\//)
  isQuiet(page)
})
