// tail_writer.mjs <port> <path>: appends at a steady rate, whatever the answers take, and prints their latencies.
// An event carries the moment before it was sent, on the clock that all processes of the machine share.

import http from "node:http"
import { EVENTS, INTERVAL_MS, WARM_UP_EVENTS } from "./live_tail.mjs"

const [port, path] = process.argv.slice(2)
const agent = new http.Agent({ keepAlive: true })
const latencies = []

function append(number) {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint()
    const head = `{"n":${number},"t":"${start}","data":"`
    const body = `${head}${"x".repeat(198 - head.length)}"}`
    const request = http.request(
      { host: "127.0.0.1", port, path, agent, method: "POST", headers: { "content-type": "application/json", "content-length": body.length } },
      (response) => {
        response.resume()
        response.on("end", () => {
          if (number >= WARM_UP_EVENTS) latencies.push(Number(process.hrtime.bigint() - start) / 1e6)
          if (response.statusCode === 204) resolve()
          else reject(new Error(`append: ${response.statusCode}`))
        })
      },
    )
    request.on("error", reject)
    request.end(body)
  })
}

const appends = []
const started = performance.now()
await new Promise((resolve) => {
  const timer = setInterval(() => {
    const due = Math.min(EVENTS + WARM_UP_EVENTS, Math.floor((performance.now() - started) / INTERVAL_MS))
    while (appends.length < due) appends.push(append(appends.length))
    if (appends.length === EVENTS + WARM_UP_EVENTS) {
      clearInterval(timer)
      resolve()
    }
  }, 1)
})
await Promise.all(appends)
console.log(JSON.stringify({ latencies_ms: latencies }))
process.exit(0)
