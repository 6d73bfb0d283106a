// What a client must do, written from the protocol (PROTOCOL §4 to §9). A step is a command and what its result must contain; a
// step with `raw` goes to the server past the client. `$name` stands for what an earlier step stored by `as`.

const text = "text/plain"
const json = "application/json"
const create = (contentType, more = {}) => ({ type: "create", contentType, ...more, expect: { status: 201 } })
const append = (data, more = {}) => ({ type: "append", data, ...more, expect: { status: 200 } })
const read = (expect, more = {}) => ({ type: "read", ...more, expect })
const raw = (method, headers, body) => ({ raw: { method, headers, body } })

export const scenarios = {
  "creating twice finds the stream": [create(text), { type: "create", contentType: text, expect: { status: 200 } }],
  "creating with another type conflicts": [
    create(text),
    { type: "create", contentType: json, expect: { success: false, errorCode: "CONFLICT", status: 409 } },
  ],
  "appends come back in order": [create(text), append("a"), append("b"), read({ data: "ab", upToDate: true, streamClosed: false })],
  "a JSON array is one message": [create(json), append("[1,2]"), append("3"), read({ data: "[[1,2],3]" })],
  "an offset resumes": [create(text), { ...append("a"), as: "saved" }, append("b"), read({ data: "b" }, { offset: "$saved.offset" })],
  "now skips what is there": [create(text), append("a"), read({ data: "", upToDate: true }, { offset: "now" })],
  "nothing is not found": [
    read({ success: false, errorCode: "NOT_FOUND", status: 404 }),
    { type: "head", expect: { success: false, errorCode: "NOT_FOUND" } },
    { type: "append", data: "a", expect: { success: false, errorCode: "NOT_FOUND" } },
  ],
  "an unknown offset is refused": [create(text), read({ success: false, errorCode: "INVALID_OFFSET" }, { offset: "no-offset" })],
  "closing ends a stream": [
    create(text),
    { type: "close", data: "end", expect: { success: true } },
    { type: "append", data: "x", expect: { success: false, errorCode: "STREAM_CLOSED", status: 409 } },
    { type: "head", expect: { streamClosed: true } },
    read({ data: "end", streamClosed: true }),
  ],
  "deleting removes": [create(text), { type: "delete", expect: { status: 200 } }, { type: "head", expect: { success: false } }],
  "a sequence must grow": [
    create(text),
    append("a", { seq: 2 }),
    { type: "append", data: "b", seq: 1, expect: { success: false, errorCode: "SEQUENCE_CONFLICT" } },
  ],
  "long-poll follows": [
    create(text),
    { ...append("a"), as: "saved" },
    { ...read({ data: "b" }, { offset: "$saved.offset", live: "long-poll", maxChunks: 1, timeoutMs: 8000 }), background: true },
    raw("POST", { "content-type": text }, "b"),
  ],
  "events follow, and the close ends them": [
    create(json),
    { ...append("1"), as: "saved" },
    { ...read({ data: "[2]", streamClosed: true }, { offset: "$saved.offset", live: "sse", timeoutMs: 8000 }), background: true },
    raw("POST", { "content-type": json, "stream-closed": "true" }, "2"),
  ],
  "binary events are decoded": [
    create("application/octet-stream"),
    { ...read({ data: "b" }, { live: "sse", maxChunks: 1, timeoutMs: 8000 }), background: true },
    raw("POST", { "content-type": "application/octet-stream" }, "b"),
  ],
  "a producer batches in order": [
    create(json),
    { type: "idempotent-append-batch", producerId: "p", epoch: 0, maxInFlight: 5, items: ["1", "2", "3", "4"], expect: { success: true } },
    read({ data: "[1,2,3,4]" }),
  ],
  "a producer claims an epoch above the stream's": [
    create(text),
    raw("POST", { "content-type": text, "producer-id": "p", "producer-epoch": "5", "producer-seq": "0" }, "a"),
    { type: "idempotent-append", producerId: "p", epoch: 0, autoClaim: true, data: "b", expect: { success: true } },
    read({ data: "ab" }),
  ],
  "an epoch that is behind is refused": [
    create(text),
    raw("POST", { "content-type": text, "producer-id": "p", "producer-epoch": "5", "producer-seq": "0" }, "a"),
    { type: "idempotent-append", producerId: "p", epoch: 4, data: "b", expect: { success: false, status: 403 } },
    read({ data: "a" }),
  ],
  "a producer closes with a last message": [
    create(text),
    { type: "idempotent-append", producerId: "p", epoch: 0, data: "a", expect: { success: true } },
    { type: "idempotent-close", producerId: "p", epoch: 0, data: "b", expect: { success: true } },
    read({ data: "ab", streamClosed: true }),
  ],
  "a header is asked for before every request": [
    create(text),
    { type: "set-dynamic-header", name: "x-count", valueType: "counter", expect: { success: true } },
    { type: "append", data: "a", expect: { headersSent: { "x-count": "1" } } },
    { type: "append", data: "b", expect: { headersSent: { "x-count": "2" } } },
    { type: "clear-dynamic", expect: { success: true } },
  ],
  "options that make no sense are refused": [
    { type: "validate", target: { target: "retry-options", maxRetries: -1 }, expect: { errorCode: "INVALID_ARGUMENT" } },
    { type: "validate", target: { target: "idempotent-producer", maxBatchItems: 0 }, expect: { errorCode: "INVALID_ARGUMENT" } },
    { type: "validate", target: { target: "idempotent-producer", epoch: -1 }, expect: { errorCode: "INVALID_ARGUMENT" } },
  ],
}
