// What the documents show.

import assert from "node:assert/strict"
import { test } from "node:test"
import { takePicture } from "./page.mjs"
import { isQuiet, twoShops } from "./world.mjs"

const shops = twoShops()

test("pictures of the shop floor and of the debugger", async (t) => {
  const answer = await (await fetch(`${shops.faulty.url}/debug/api/find?prefix=orders/&first=total-is-lines-less-discounts`)).json()
  const { stream, moment: broken } = answer.found[0]
  for (const width of [1280, 390]) {
    for (const colorScheme of ["light", "dark"]) {
      const options = { viewport: { width, height: width === 390 ? 844 : 800 }, colorScheme }
      const shop = await shops.opened(t, shops.sound, "/#/orders/1190", options)
      await shop.locator("#order-body ol li").first().waitFor()
      await takePicture(shop, `shop-${width}-${colorScheme}`)
      const page = await shops.opened(t, shops.faulty, `/debug/#/${stream}?at=${broken}&pin=/total`, options)
      await page.locator(".spark polyline").waitFor()
      await page.locator(".event .type").first().waitFor()
      await takePicture(page, `debugger-${width}-${colorScheme}`)
      await page.getByRole("button", { name: "What if it had not happened?" }).click()
      await page.locator(".side").nth(1).waitFor()
      await takePicture(page, `what-if-${width}-${colorScheme}`)
      for (const one of [shop, page]) {
        assert.equal(await one.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true)
        isQuiet(one)
      }
    }
  }
})
