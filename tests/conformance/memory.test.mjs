import { runConformanceTests } from "@durable-streams/server-conformance-tests"

runConformanceTests({ baseUrl: process.env.FOLDBACK_MEMORY_URL, longPollTimeoutMs: 500, subscriptions: true })
