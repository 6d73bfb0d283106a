// Every flush of the disk takes 50 ms.

import { runConformanceTests } from "@durable-streams/server-conformance-tests"

runConformanceTests({ baseUrl: process.env.FOLDBACK_SLOW_URL, longPollTimeoutMs: 500, subscriptions: true })
