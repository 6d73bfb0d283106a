import assert from "node:assert/strict"
import http from "node:http"
import { test } from "node:test"
import { gunzipSync } from "node:zlib"
import { appendAll, assertEvents, createOrder, orderEvents, serverOnDisk } from "./orders.mjs"

/** GET without any decoding by the client. */
function get(url, headers = {}) {
  return new Promise((resolve, reject) => {
    http.get(url, { headers, agent: false }, (response) => {
      const parts = []
      response.on("data", (part) => parts.push(part))
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }))
      response.on("error", reject)
    }).on("error", reject)
  })
}

test("an unchanged order is answered with 304 and no body", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/etag")
  await appendAll(order, orderEvents(1, 10))
  const first = await fetch(`${order.url}?offset=-1`)
  const etag = first.headers.get("etag")

  const again = await fetch(`${order.url}?offset=-1`, { headers: { "if-none-match": etag } })

  assert.equal(first.status, 200)
  assert.ok(etag)
  assert.equal(again.status, 304)
  assert.equal(await again.text(), "")
})

test("an append changes the ETag", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/etag-append")
  await appendAll(order, orderEvents(1, 10))
  const etag = (await fetch(`${order.url}?offset=-1`)).headers.get("etag")

  await appendAll(order, orderEvents(11, 11))

  const changed = await fetch(`${order.url}?offset=-1`, { headers: { "if-none-match": etag } })
  assert.equal(changed.status, 200)
  assert.notEqual(changed.headers.get("etag"), etag)
  assertEvents(await changed.json(), 1, 11)
})

test("closing changes the ETag even without new data", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/etag-close")
  await appendAll(order, orderEvents(1, 10))
  const etag = (await fetch(`${order.url}?offset=-1`)).headers.get("etag")

  await order.close()

  const changed = await fetch(`${order.url}?offset=-1`, { headers: { "if-none-match": etag } })
  assert.equal(changed.status, 200)
  assert.equal(changed.headers.get("stream-closed"), "true")
})

test("the ETag of a deleted order is not taken for its successor's", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/etag-successor")
  await appendAll(order, orderEvents(1, 10))
  const etag = (await fetch(`${order.url}?offset=-1`)).headers.get("etag")

  await order.delete()
  await createOrder(server, "orders/etag-successor")
  await appendAll(order, orderEvents(101, 110))

  const successor = await fetch(`${order.url}?offset=-1`, { headers: { "if-none-match": etag } })
  assert.equal(successor.status, 200)
  assertEvents(await successor.json(), 101, 110)
})

test("an ETag is good after kill -9 and a restart", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/etag-restart")
  await appendAll(order, orderEvents(1, 10))
  const etag = (await fetch(`${order.url}?offset=-1`)).headers.get("etag")

  await server.kill()
  await server.start()

  const again = await fetch(`${order.url}?offset=-1`, { headers: { "if-none-match": etag } })
  assert.equal(again.status, 304)
})

test("a large response is compressed for those who ask", async (t) => {
  const server = await serverOnDisk(t)
  const order = await createOrder(server, "orders/gzip")
  await fetch(order.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(orderEvents(1, 1_000)),
  })
  const url = `${order.url}?offset=-1`

  const plain = await get(url)
  const compressed = await get(url, { "accept-encoding": "gzip, deflate" })

  assert.equal(plain.headers["content-encoding"], undefined)
  assertEvents(JSON.parse(plain.body), 1, 1_000)
  assert.equal(compressed.headers["content-encoding"], "gzip")
  assert.match(compressed.headers.vary ?? "", /accept-encoding/i)
  assert.ok(compressed.body.length < plain.body.length / 4)
  assert.ok(gunzipSync(compressed.body).equals(plain.body))

  const again = await get(url, { "accept-encoding": "gzip", "if-none-match": compressed.headers.etag })
  assert.equal(again.status, 304)
})

/** The text of all data events of an SSE response, up to the control event that says it is up to date. */
async function textBySse(url) {
  const response = await fetch(`${url}?live=sse&offset=-1`)
  let received = ""
  const decoder = new TextDecoder()
  for await (const piece of response.body) {
    received += decoder.decode(piece, { stream: true })
    if (/"upToDate":true.*\n\n$/.test(received)) break
  }
  const events = received.split("\n\n").filter((event) => event.startsWith("event: data\n"))
  return events
    .map((event) => event.split("\n").slice(1).map((line) => line.replace(/^data: ?/, "")).join("\n"))
    .join("")
}

test("text by SSE keeps its characters whole, wherever it is cut, across a fork point too", async (t) => {
  const server = await serverOnDisk(t)
  const [source, fork] = [server.streamUrl("notes/source"), server.streamUrl("notes/fork")]
  const headers = { "content-type": "text/plain" }
  await fetch(source, { method: "PUT", headers, body: "x".repeat(1_001) })
  await fetch(fork, { method: "PUT", headers: { ...headers, "stream-forked-from": "/v1/stream/notes/source" } })

  for (const shift of ["", "y", "y"]) {
    await fetch(fork, { method: "POST", headers, body: shift + "東".repeat(100_000) })

    const text = await (await fetch(`${fork}?offset=-1`)).text()
    assert.ok((await textBySse(fork)) === text, "the text by SSE is another than by GET")
  }
})
