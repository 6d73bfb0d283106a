// The whole way in a browser: from an order on the shop floor to the event that the planted fault gets wrong.

import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { test } from "node:test"
import { startShop } from "./orders.mjs"
import { isReady, moment, momentIs, until } from "./page.mjs"
import { isQuiet, twoShops } from "./world.mjs"

const shops = twoShops()

const isLive = (page) => page.locator("#live.on").waitFor()
const listed = (page, customer) => page.locator("#orders a", { hasText: customer })

test("an order is placed and paid in one page, seen in another, and then every moment of it in the debugger", async (t) => {
  const [shop, other] = await Promise.all([shops.opened(t, shops.sound, "/"), shops.opened(t, shops.sound, "/")])
  await Promise.all([isLive(shop), isLive(other)])

  await shop.getByRole("button", { name: "New order" }).click()
  await shop.getByLabel("Customer").fill("Sophie Germain")
  await shop.locator('select[name="sku"] option').first().waitFor({ state: "attached" })
  await shop.getByLabel("Quantity").fill("2")
  await shop.getByRole("button", { name: "Place it" }).click()
  await listed(other, "Sophie Germain").waitFor()
  assert.match(await listed(other, "Sophie Germain").innerText(), /17\.80[^]*placed/)
  await listed(other, "Sophie Germain").click()
  await shop.getByRole("button", { name: "Pay 17.80" }).click()
  await until(other, () => document.querySelectorAll("#order-body ol li").length === 2)
  await until(other, () => document.querySelector("#orders a[aria-current] .state").textContent === "paid")
  isQuiet(other)

  await shop.getByRole("link", { name: "Open it in the debugger" }).click()
  await momentIs(shop, 2)
  const placedAt = await committedAt(shop, 1)
  await shop.keyboard.press("ArrowLeft")
  await momentIs(shop, 1)
  assert.match(await shop.locator('[data-pointer="/status"]').innerText(), /placed/)
  await shop.keyboard.press("ArrowRight")
  await momentIs(shop, 2)
  await shop.keyboard.press("g")
  await shop.getByLabel("moment or time").fill(placedAt)
  await shop.keyboard.press("Enter")
  await momentIs(shop, 1)
  isQuiet(shop)
})

test("with an access file the page wants a token: staff see the shop, a customer her own orders, both live", async (t) => {
  const entry = (id, grants) => ({ id, sha256: createHash("sha256").update(`secret of ${id}`.replaceAll(" ", "-")).digest("hex"), grants })
  const shop = await startShop({ access: { tokens: [entry("staff", [{ path: "**", verbs: ["read", "admin"] }]), entry("Ada", []), entry("Bob", [])] } })
  t.after(() => shop.stop())
  const enter = async (name) => {
    const page = await shops.opened(t, shop, "/")
    await page.getByLabel("Token").fill(`secret-of-${name}`)
    await page.getByRole("button", { name: "Sign in" }).click()
    return page
  }
  const [staff, ada, bob] = await Promise.all(["staff", "Ada", "Bob"].map(enter))
  await Promise.all([staff, ada, bob].map(isLive))
  await ada.getByText("You have no orders.").waitFor()

  await staff.getByRole("button", { name: "New order" }).click()
  await staff.getByLabel("Customer").fill("Ada")
  await staff.locator('select[name="sku"] option').first().waitFor({ state: "attached" })
  await staff.getByRole("button", { name: "Place it" }).click()
  await staff.getByRole("button", { name: /^Pay / }).waitFor()
  await ada.locator("#orders a").click()
  await until(ada, () => document.querySelectorAll("#order-body ol li").length === 1)
  await staff.getByRole("button", { name: /^Pay / }).click()
  await until(ada, () => document.querySelectorAll("#order-body ol li").length === 2)
  assert.match(await ada.locator("#order-body").innerText(), /OrderPlaced[^]*OrderPaid/)
  assert.equal(await ada.locator("#orders a").count(), 1)
  assert.equal(await bob.locator("#orders a").count(), 0)

  await bob.goto(`${shop.url}/${new URL(ada.url()).hash}`)
  await bob.locator("#message:not([hidden])").waitFor()
  assert.equal(await bob.locator("#order-body ol").count(), 0)
  await ada.getByRole("button", { name: "Sign out" }).click()
  await ada.getByLabel("Token").waitFor()
  await ada.getByLabel("Token").fill("somebody-else")
  await ada.getByRole("button", { name: "Sign in" }).click()
  await ada.getByText("This token is not valid any more.").waitFor()
})

test("with an access file the debugger's page wants a token, and sends it with all it asks, follows and saves", async (t) => {
  const entry = (id, verbs) => ({ id, sha256: createHash("sha256").update(`secret-of-${id}`).digest("hex"), grants: [{ path: "**", verbs }] })
  const shop = await startShop({ access: { tokens: [entry("staff", ["read", "append", "admin"]), entry("reader", ["read"])] } })
  t.after(() => shop.stop())
  const page = await shops.opened(t, shop, "/debug/")
  await page.getByLabel("Token").fill("somebody-else")
  await page.getByRole("button", { name: "Sign in" }).click()
  await page.getByText("This token is not valid any more.").waitFor()
  await page.getByLabel("Token").fill("secret-of-reader")
  await page.getByRole("button", { name: "Sign in" }).click()
  await page.getByText("This token may not use the debugger.").waitFor()
  await page.getByLabel("Token").fill("secret-of-staff")
  await page.getByRole("button", { name: "Sign in" }).click()
  await page.locator(".streams .stream").first().click()
  await isReady(page)
  const before = Number(await moment(page))

  const authorization = "Bearer secret-of-staff"
  const stream = decodeURIComponent(new URL(page.url()).hash.replace(/^#\/|\?.*$/g, ""))
  const streamUrl = `${shop.url}/v1/stream/${stream}`
  const first = await (await fetch(`${streamUrl}?offset=-1`, { headers: { authorization } })).json()
  await page.keyboard.press("l")
  const appended = await fetch(streamUrl, { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify([first.at(-1)]) })
  assert.ok(appended.ok, `the append was answered with ${appended.status}`)
  await momentIs(page, before + 1)

  const download = page.waitForEvent("download")
  await page.getByRole("link", { name: "Export events" }).click()
  assert.equal((await readFile(await (await download).path(), "utf8")).trim().split("\n").length, before + 1)
  assert.deepEqual(page.complaints.filter((complaint) => !/40[13]/.test(complaint)), [])
})

async function committedAt(page, number) {
  const stream = new URL(page.url()).hash.replace(/^#\/|\?.*$/g, "")
  const answer = await (await fetch(`${new URL(page.url()).origin}/debug/api/events?stream=${stream}&from=${number}&count=1`)).json()
  return answer.page[0].committed_at
}

test("the event that the planted fault gets wrong is found among all orders, blamed, and thought away", async (t) => {
  const page = await shops.opened(t, shops.faulty, "/debug/")
  await page.getByRole("button", { name: "total-is-lines-less-discounts" }).click()
  await page.locator(".streams .stream").first().click()
  await until(page, () => document.querySelector(".suspicion")?.innerText.includes("total-is-lines-less-discounts"))
  const broken = Number(await moment(page))
  assert.match(await page.locator(".event-panel header").innerText(), /DiscountGranted/)
  assert.match(await page.locator('.row.changed[data-pointer="/total"]').innerText(), /→/)

  await page.locator('[data-pointer="/total"]').hover()
  await page.locator('[data-pointer="/total"] .blame').waitFor()
  assert.equal(await page.locator('[data-pointer="/total"] .blame').innerText(), `${broken} DiscountGranted`)
  await page.locator('[data-pointer="/total"] .pin').click()
  await page.locator(".spark polyline").waitFor()

  await page.getByRole("button", { name: "What if it had not happened?" }).click()
  await page.locator(".side").nth(1).waitFor()
  assert.match(await page.locator(".what-if > .changes").innerText(), /\/total/)
  const stream = decodeURIComponent(new URL(page.url()).hash.replace(/^#\/|\?.*$/g, ""))
  await page.getByRole("button", { name: "Save as fork" }).click()
  await page.locator(".saved").waitFor()
  const [fork, real] = await Promise.all([`debug/${stream}-what-if`, stream].map(async (name) =>
    (await fetch(`${shops.faulty.url}/v1/stream/${name}?offset=-1`)).json()))
  assert.equal(fork.length, real.length - 1)
  assert.deepEqual(fork, real.filter((_, index) => index !== broken - 1))
  isQuiet(page)
})

test("a link to the faulty build says so in the mended one", async (t) => {
  const page = await shops.opened(t, shops.faulty, "/debug/#/orders/1001?at=1")
  await momentIs(page, 1)
  await page.keyboard.press("ArrowRight")
  await until(page, () => location.hash.includes("build="))
  const mended = await shops.opened(t, shops.sound, `/debug/${new URL(page.url()).hash}`)
  await mended.locator(".banner:not([hidden])").waitFor()
  assert.match(await mended.locator(".banner").innerText(), /another build[^]*planted fault/)
})

test("what led to what is drawn, and each of it leads there", async (t) => {
  const page = await shops.opened(t, shops.sound, "/debug/#/orders/1001?at=1")
  await momentIs(page, 1)
  await page.keyboard.press("c")
  const reserved = page.locator(".causation .node", { hasText: "StockReserved" }).first()
  await reserved.waitFor()
  assert.match(await reserved.textContent(), /stock\//)
  await reserved.click()
  await until(page, () => location.hash.startsWith("#/stock/"))
  await until(page, () => document.querySelector(".event-panel .type")?.textContent === "StockReserved")
  isQuiet(page)
})

test("the read models' progress is marked on the timeline", async (t) => {
  const page = await shops.opened(t, shops.sound, "/debug/#/orders/1001")
  await page.locator(".marks .mark").first().waitFor()
  assert.match(await page.locator(".marks").locator("xpath=../..").innerText(), /projections[^]*\d up to date/)
})

test("an order that is not there does not show the one before it", async (t) => {
  const { orders: [known] } = await (await fetch(`${shops.sound.url}/api/orders?limit=1`)).json()
  const page = await shops.opened(t, shops.sound, `/#/orders/${known.id}`)
  await until(page, (id) => document.querySelector("#order-title").textContent.startsWith(`Order ${id} ·`), known.id)
  for (const id of ["none", "%zz"]) {
    await page.evaluate((hash) => { location.hash = hash }, `#/orders/${id}`)
    await until(page, (wanted) => document.querySelector("#order-title").textContent === `Order ${wanted}`, id)
    assert.match(await page.locator("#order-body").innerText(), /^there is no order/)
  }
})

test("without JavaScript the shop floor shows nothing that would do nothing", async (t) => {
  const page = await shops.opened(t, shops.sound, "/", { javaScriptEnabled: false })
  assert.equal(await page.getByRole("button", { name: "New order" }).isVisible(), false)
  assert.equal(await page.locator("noscript a").isVisible(), true)
  assert.equal(await page.locator("#live").isVisible(), false)
})
