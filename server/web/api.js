// Questions to /debug/api/. The newest question of a kind wins: answers to older ones are dropped.

import { parse, write } from "./json.js"
import { request } from "./session.js"

export class Problem extends Error {
  constructor(document, status) {
    super(document?.detail ?? `the server answered ${status}`)
    this.code = document?.code ?? "unknown"
    this.status = status
  }
}

async function read(response) {
  const document = await response.text().then(parse).catch(() => null)
  if (!response.ok) throw new Problem(document, response.status)
  return document
}

export function query(parameters) {
  const filled = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "")
  return new URLSearchParams(filled.map(([name, value]) => [name, String(value)])).toString()
}

export const ask = async (name, parameters = {}, options = {}) =>
  read(await request(`/debug/api/${name}?${query(parameters)}`, options))

export const askWhatIf = async (body) =>
  read(await request("/debug/api/whatif", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: write(body),
  }))

export const exportUrl = (parameters) => `/debug/api/export?${query(parameters)}`

/** Asks questions of which only the newest counts; an older one that is still under way is cancelled. */
export function newest() {
  let running = null
  return async (name, parameters) => {
    running?.abort()
    const mine = (running = new AbortController())
    try {
      return await ask(name, parameters, { signal: mine.signal })
    } catch (error) {
      if (mine.signal.aborted) return null
      throw error
    } finally {
      if (running === mine) running = null
    }
  }
}
