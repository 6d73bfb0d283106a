#!/usr/bin/env node
// The reference server of the protocol (npm package @durable-streams/server) behind foldback's command line.
//   reference-server.mjs serve --listen 127.0.0.1:PORT [--data DIR | --memory] [--long-poll-timeout-ms N]

import { mkdirSync } from "node:fs"
import { parseArgs } from "node:util"
import { DurableStreamTestServer } from "@durable-streams/server"

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    listen: { type: "string" },
    data: { type: "string" },
    memory: { type: "boolean" },
    "long-poll-timeout-ms": { type: "string", default: "30000" },
  },
})

const [host, port] = values.listen.split(":")
if (values.data) mkdirSync(values.data, { recursive: true })

const server = new DurableStreamTestServer({
  host,
  port: Number(port),
  dataDir: values.memory ? undefined : values.data,
  longPollTimeout: Number(values["long-poll-timeout-ms"]),
})

process.once("SIGTERM", () => {
  server.stop().then(() => process.exit(0))
})
await server.start()
