// client_producer.mjs <url> <events>: appends events of 200 bytes by the producer of the official TypeScript client, and
// prints {"seconds":…}.

import { DurableStream, IdempotentProducer } from "@durable-streams/client"

const EVENT_BYTES = 200

const [url, events] = process.argv.slice(2)
const stream = new DurableStream({ url, contentType: "application/json" })
const producer = new IdempotentProducer(stream, "bench", {
  autoClaim: true,
  maxInFlight: 1,
  onError: (error) => {
    console.error(error)
    process.exit(1)
  },
})
const begun = performance.now()
for (let number = 0; number < Number(events); number += 1) {
  const head = `{"id":${number},"type":"item_added","data":"`
  producer.append(JSON.stringify({ id: number, type: "item_added", data: "x".repeat(EVENT_BYTES - head.length - 2) }))
}
await producer.flush()
console.log(JSON.stringify({ seconds: (performance.now() - begun) / 1000 }))
process.exit(0)
