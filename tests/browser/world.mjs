// What the tests of a file share: programs and a browser, which live as long as the file's tests.

import assert from "node:assert/strict"
import { after, before } from "node:test"
import { startShop } from "./orders.mjs"
import { openAt, openPage, startBrowser, startOrders } from "./page.mjs"

const ownPage = async (t, opening) => {
  const page = await opening
  t.after(() => page.context().close())
  return page
}

/** `world.orders` is a debugger over seeded orders; `world.opened(t, hash)` a page of it that closes with the test. */
export function debuggedOrders() {
  const world = {}
  before(async () => {
    ;[world.orders, world.browser] = await Promise.all([startOrders(), startBrowser()])
  })
  after(async () => {
    await world.browser?.close()
    world.orders?.stop()
  })
  world.opened = (t, hash, options) => ownPage(t, openPage(world.browser, world.orders.url, hash, options))
  return world
}

/** `world.sound` and `world.faulty` are order services; `world.opened(t, shop, place)` a page of one. */
export function twoShops() {
  const world = {}
  before(async () => {
    ;[world.sound, world.faulty, world.browser] = await Promise.all([startShop(), startShop({ bug: true }), startBrowser()])
  })
  after(async () => {
    await world.browser?.close()
    await Promise.all([world.sound?.stop(), world.faulty?.stop()])
  })
  world.opened = (t, shop, place, options) => ownPage(t, openAt(world.browser, shop.url, place, options))
  return world
}

/** The page complained of nothing and asked nobody else. */
export function isQuiet(page) {
  assert.deepEqual(page.complaints, [])
  assert.deepEqual(page.elsewhere, [])
}
