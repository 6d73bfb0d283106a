import assert from "node:assert/strict"
import { test } from "node:test"
import { operated, scratch } from "./operated.mjs"
import { SMALL_CACHES, soak } from "./soak.mjs"

const seconds = Number(process.env.SOAK_SECONDS ?? 20)

test(`under mixed load memory, open files and latency stay flat for ${seconds} s`, { timeout: (seconds + 60) * 1000 }, async (t) => {
  const server = await operated(t, scratch(t), SMALL_CACHES)
  const { lines, problems } = await soak(server, seconds)
  for (const line of lines) t.diagnostic(line)
  assert.deepEqual(problems, [])
})
