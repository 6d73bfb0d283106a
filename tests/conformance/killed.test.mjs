// The server is killed and started again before each group of tests.

import { runConformanceTests } from "@durable-streams/server-conformance-tests"
import { beforeEach } from "vitest"

let group
let restarted
beforeEach(async ({ task }) => {
  if (task.suite !== group) {
    group = task.suite
    restarted = fetch(process.env.FOLDBACK_KILL_URL, { method: "POST" })
  }
  // Tests of a group may run at the same time.
  const { status } = await restarted
  if (status !== 204) throw new Error("the server was not started again")
})

runConformanceTests({ baseUrl: process.env.FOLDBACK_KILLED_URL, longPollTimeoutMs: 500, subscriptions: true })
