// Plain HTTP to a server that may die at any moment.

import http from "node:http"

const DEADLINE_MS = 5_000

/** {status, headers, body} of JSON, or null when there was no answer. */
export function ask(port, method, path, body, headers = {}) {
  return new Promise((resolve) => {
    const request = http.request({
      host: "127.0.0.1",
      port,
      method,
      path: `/v1/stream/${path}`,
      agent: false,
      timeout: DEADLINE_MS,
      headers: { "content-type": "application/json", ...headers },
    })
    request.once("timeout", () => request.destroy())
    request.once("error", () => resolve(null))
    request.once("response", (response) => {
      const parts = []
      response.on("data", (part) => parts.push(part))
      response.once("error", () => resolve(null))
      response.once("end", () => {
        const text = Buffer.concat(parts).toString()
        try {
          resolve({ status: response.statusCode, headers: response.headers, body: text === "" ? null : JSON.parse(text) })
        } catch {
          resolve(null)
        }
      })
    })
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** The same, tried until it is answered; gives up by itself when `over` says so. */
export async function askUntilAnswered(port, method, path, body, over = () => false) {
  for (;;) {
    const answer = await ask(port, method, path, body)
    if ((answer && answer.status < 500) || over()) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
