import assert from "node:assert/strict"
import { test } from "node:test"
import { isDeepStrictEqual } from "node:util"
import { eventually } from "../harness/server.mjs"
import { appendToState, materialize, openDatabase, repetitions, rowsOf, Shop } from "./shop.mjs"

/** That the list has come to the reader, and that the whole stream says nothing else and nothing twice. */
async function assertFollows(db, shop, position) {
  const list = await shop.list(position)
  await eventually("the list to arrive", () => isDeepStrictEqual(sorted(rowsOf(db)), sorted(list)))
  const messages = await shop.messages()
  assert.deepEqual(sorted(materialize(messages)), sorted(list))
  assert.deepEqual(repetitions(messages), [])
  return list
}

const sorted = (rows) => [...rows].sort(([left], [right]) => (left < right ? -1 : 1))

test("a page has the list of orders, live, while orders are placed and cancelled", async (t) => {
  const shop = await Shop.start(t)
  await shop.stock()
  const db = await openDatabase(t, shop)
  const placed = await Promise.all(Array.from({ length: 40 }, (_, id) => shop.place(id)))
  const cancelled = await Promise.all([3, 7, 11].map((id) => shop.cancel(id)))

  const position = Math.max(...[...placed, ...cancelled].map((answer) => answer.position))
  const list = await assertFollows(db, shop, position)

  assert.equal(list.size, 40)
  assert.equal(rowsOf(db).get("7").status, "cancelled")
})

test("a past that is there already comes as one snapshot", async (t) => {
  const shop = await Shop.start(t, { orders: 150 })
  const list = await eventually("the past to be folded", async () => {
    const all = await shop.list()
    return all.size === 150 && (await shop.messages()).length > 0 && all
  })

  const db = await openDatabase(t, shop)
  assert.deepEqual(sorted(rowsOf(db)), sorted(list))
  const messages = await shop.messages()
  assert.equal(messages.at(0).headers.control, "snapshot-start")
  assert.equal(messages.at(-1).headers.control, "snapshot-end")
  assert.equal(messages.length, 152)
})

test("after a rebuild by other code a live page has what that code says, and was told what differs only", async (t) => {
  const shop = await Shop.start(t, { orders: 150 })
  await eventually("the past to be published", async () => (await shop.messages()).length === 152)
  const db = await openDatabase(t, shop)
  const before = rowsOf(db)

  await shop.kill("SIGTERM")
  await shop.begin("--with-bug")
  await eventually("the rebuilt list", async () => !isDeepStrictEqual(sorted(await shop.list()), sorted(before)))
  const list = await assertFollows(db, shop)

  const different = [...list].filter(([id, order]) => !isDeepStrictEqual(order, before.get(id)))
  const told = (await shop.messages()).slice(152)
  assert.ok(different.length > 0)
  assert.deepEqual(told.map((message) => message.headers.control ?? message.headers.operation),
    ["snapshot-start", ...different.map(() => "update"), "snapshot-end"])
})

test("a rebuild by the same code tells a live page nothing", async (t) => {
  const shop = await Shop.start(t)
  await shop.stock()
  const db = await openDatabase(t, shop)
  for (let id = 0; id < 10; id += 1) await shop.place(id)
  await eventually("the orders to arrive", () => rowsOf(db).size === 10)
  const before = await shop.messages()

  await shop.request("POST", "/api/projections/order-list/rebuild")
  await eventually("the rebuild", async () => (await shop.request("GET", "/api/projections/order-list/rebuild")).caught_up)
  await shop.request("POST", "/api/projections/order-list/rebuild/swap")

  const { position } = await shop.place(10)
  await assertFollows(db, shop, position)
  assert.equal((await shop.messages()).length, before.length + 1)
})

test("nothing is lost or told twice when the service is killed again and again while orders are placed", async (t) => {
  const shop = await Shop.start(t)
  await shop.stock()
  const db = await openDatabase(t, shop)
  const answered = []
  let next = 0
  let position = 0
  for (let life = 0; life < 8; life += 1) {
    const sending = Array.from({ length: 4 }, async () => {
      for (;;) {
        const id = String(next++)
        try {
          position = Math.max(position, (await shop.place(id)).position)
          answered.push(id)
        } catch {
          return // the service was killed
        }
      }
    })
    const goal = answered.length + 15
    await eventually("answers between two kills", () => answered.length >= goal)
    await shop.kill()
    await Promise.all(sending)
    await shop.begin()
  }

  position = (await shop.place("last")).position
  const list = await assertFollows(db, shop, position)
  for (const id of answered) assert.ok(list.has(id), `order ${id} was answered and is lost`)
})

test("a reader that knows a reset is put right when somebody else writes one", async (t) => {
  const shop = await Shop.start(t)
  await shop.stock()
  for (let id = 0; id < 5; id += 1) await shop.place(id)
  await eventually("the orders to be published", async () => materialize(await shop.messages()).size === 5)

  await appendToState(shop, { headers: { control: "reset" } })
  assert.equal(materialize(await shop.messages()).size, 0)
  const { position } = await shop.place(5)

  const list = await shop.list(position)
  assert.equal(list.size, 6)
  await eventually("the list to be whole again", async () =>
    isDeepStrictEqual(sorted(materialize(await shop.messages())), sorted(list)))
})
