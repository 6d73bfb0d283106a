// What the tests at the edge send.

import assert from "node:assert/strict"

const json = { "content-type": "application/json" }

export async function send(method, url, { headers = {}, body, status }) {
  const response = await fetch(url, { method, headers: { ...json, ...headers }, body })
  assert.equal(response.status, status, `${method} ${url}: ${await response.text()}`)
  return response
}

export const create = (url, headers = {}) => send("PUT", url, { headers, status: 201 })
export const append = (url, body, headers = {}) => send("POST", url, { headers, body: JSON.stringify(body), status: 204 })
export const close = (url, headers = {}) => send("POST", url, { headers: { ...headers, "stream-closed": "true" }, status: 204 })
