// append_process.mjs <stream url> <first id> <last id>: appends the events of an order, one request each.

import { DurableStream } from "@durable-streams/client"
import { appendAll, orderEvents } from "./orders.mjs"

const [url, first, last] = process.argv.slice(2)
const order = new DurableStream({ url, contentType: "application/json" })
await appendAll(order, orderEvents(Number(first), Number(last)))
process.exit(0)
