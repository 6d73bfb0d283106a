import assert from "node:assert/strict"
import { test } from "node:test"
import { check } from "./checker.mjs"
import { DamagedEvents, eventId, formats, Place } from "./events.mjs"
import { History, Operation } from "./history.mjs"

/** A history of a stream written down by hand: each request with its moments. Offsets are "o1", "o2", …: places. */
class Story {
  history = new History({ incarnation: 1, name: "orders/o", format: "json" })

  /** `attempts` as [start, end, outcome, offset?, flags?] */
  did(kind, events, attempts, producer = null) {
    const operation = new Operation(kind, { events, producer })
    operation.attempts = attempts.map(([start, end, outcome, offset = null, flags = {}]) =>
      ({ start, end, outcome, offset, duplicate: false, sawClosed: false, sawGone: false, ...flags }))
    this.history.operations.push(operation)
    return this
  }

  appended(events, start, end, offset) {
    return this.did("append", events, [[start, end, "ack", offset]])
  }

  sent(events, start) {
    return this.did("append", events, [[start, null, "unknown"]])
  }

  read(start, end, from, events, next, more = {}) {
    this.history.observe({ kind: "read", start, end, from, events, next, upToDate: true, closed: false, ...more })
    return this
  }

  /** The rules broken when the stream finally contains `events`. */
  ends(events, { tail = `o${events.length}`, closed = false, suffixes = [] } = {}) {
    return rules(check(this.history, { events, tail, closed, suffixes }))
  }

  endsDeleted() {
    return rules(check(this.history, null))
  }
}

function rules(violations) {
  return [...new Set(violations.map(({ rule }) => rule))]
}

const right = []

function threeAppends() {
  return new Story().appended(["a"], 1, 2, "o1").appended(["b", "c"], 3, 4, "o3").appended(["d"], 5, 6, "o4")
}

test("a right history is right", () => {
  const story = threeAppends().read(7, 8, null, ["a", "b", "c", "d"], "o4").read(9, 10, "o1", ["b", "c", "d"], "o4")

  assert.deepEqual(story.ends(["a", "b", "c", "d"], { suffixes: [{ offset: "o3", events: ["d"] }] }), right)
})

test("a lost acknowledged append is flagged", () => {
  assert.deepEqual(threeAppends().ends(["a", "d"], { tail: "o4" }), ["lost"])
})

test("a lost last append is flagged, and so is the tail that went back", () => {
  assert.deepEqual(threeAppends().ends(["a", "b", "c"]), ["lost", "tail went back"])
})

test("an append without an answer may be there or not", () => {
  assert.deepEqual(threeAppends().sent(["e"], 7).ends(["a", "b", "c", "d"]), right)
  assert.deepEqual(threeAppends().sent(["e"], 7).ends(["a", "b", "c", "d", "e"]), right)
})

test("a duplicate is flagged", () => {
  assert.deepEqual(threeAppends().ends(["a", "b", "c", "d", "a"]), ["duplicate"])
})

test("a second copy of a batch that was retried is flagged", () => {
  const story = new Story().did("append", ["a", "b"], [[1, null, "unknown"], [5, 6, "ack", "o4"]], { id: "p", epoch: 0, seq: 0 })

  assert.deepEqual(story.ends(["a", "b", "a", "b"]), ["duplicate"])
})

test("half a batch is flagged, acknowledged or not", () => {
  assert.deepEqual(threeAppends().ends(["a", "b", "d"], { tail: "o4" }), ["torn batch"])
  assert.deepEqual(new Story().appended(["a"], 1, 2, "o1").sent(["b", "c"], 3).ends(["a", "b"]), ["torn batch"])
})

test("a batch with another append in its middle is flagged", () => {
  const story = new Story().appended(["a", "b"], 1, 4, "o2").appended(["c"], 2, 3, "o3")

  assert.deepEqual(story.ends(["a", "c", "b"]), ["torn batch"])
})

test("a batch in the wrong order is flagged", () => {
  assert.deepEqual(threeAppends().ends(["a", "c", "b", "d"]), ["torn batch"])
})

test("an append that overtakes one acknowledged before it is flagged", () => {
  const story = new Story().appended(["a"], 1, 2, "o2").sent(["b"], 3)

  assert.deepEqual(story.ends(["b", "a"]), ["reordered"])
})

test("appends at the same time may lie in either order", () => {
  const story = () => new Story().did("append", ["a"], [[1, 4, "ack"]]).did("append", ["b"], [[2, 3, "ack"]])

  assert.deepEqual(story().ends(["a", "b"]), right)
  assert.deepEqual(story().ends(["b", "a"]), right)
})

test("events that nobody wrote are flagged", () => {
  assert.deepEqual(threeAppends().ends(["a", "b", "c", "d", "x"]), ["foreign"])
})

test("a refused append that is there is flagged", () => {
  const story = threeAppends().did("append", ["e"], [[7, 8, "refused"]])

  assert.deepEqual(story.ends(["a", "b", "c", "d", "e"]), ["refused but present"])
})

test("offsets that do not rise along the log are flagged", () => {
  const story = new Story().appended(["a"], 1, 4, "o2").appended(["b"], 2, 3, "o1")

  assert.deepEqual(story.ends(["a", "b"]), ["offset order"])
})

test("an acknowledged offset that leads elsewhere is flagged", () => {
  assert.deepEqual(
    threeAppends().ends(["a", "b", "c", "d"], { suffixes: [{ offset: "o3", events: ["c", "d"] }] }),
    ["offset"],
  )
})

test("a producer's numbers out of order, or with a gap, are flagged", () => {
  const numbered = (first, second) =>
    new Story()
      .did("append", ["a"], [[1, null, "unknown"]], { id: "p", epoch: 0, seq: first })
      .did("append", ["b"], [[2, null, "unknown"]], { id: "p", epoch: 0, seq: second })

  assert.deepEqual(numbered(0, 1).ends(["a", "b"]), right)
  assert.deepEqual(numbered(0, 1).ends(["b", "a"]), ["producer order"])
  assert.deepEqual(numbered(0, 2).ends(["a", "b"]), ["producer order"])
})

test("a fenced-off epoch that comes through is flagged", () => {
  const story = new Story()
    .did("append", ["a"], [[1, null, "unknown"]], { id: "p", epoch: 1, seq: 0 })
    .did("append", ["b"], [[2, null, "unknown"]], { id: "p", epoch: 0, seq: 1 })

  assert.deepEqual(story.ends(["a", "b"]), ["producer order"])
})

test("a tail that goes back between two looks is flagged", () => {
  const story = threeAppends().sent(["e"], 7).read(8, 9, null, null, "o5").read(10, 11, null, null, "o4")

  assert.deepEqual(story.ends(["a", "b", "c", "d", "e"]), ["tail went back"])
})

test("a read that misses what was acknowledged before it is flagged", () => {
  const story = threeAppends().read(7, 8, null, ["a", "b", "c"], "o3")

  assert.deepEqual(story.ends(["a", "b", "c", "d"]), ["tail went back"])
})

test("an event that a reader saw and that is gone is flagged", () => {
  const story = new Story().appended(["a"], 1, 2, "o1").sent(["b"], 3).read(4, 5, null, ["a", "b"], "o2")

  assert.deepEqual(story.ends(["a"]), ["tail went back", "a reader saw something else"])
})

test("a gap or a repeat in what a tailing reader saw is flagged", () => {
  const gap = threeAppends().read(2, 3, null, ["a"], "o1", { upToDate: false }).read(6, 7, "o1", ["d"], "o4", { upToDate: false })
  const repeat = threeAppends().read(2, 3, null, ["a"], "o1", { upToDate: false }).read(4, 5, "o1", ["a", "b", "c"], "o3", { upToDate: false })

  assert.deepEqual(gap.ends(["a", "b", "c", "d"]), ["a reader saw something else"])
  assert.deepEqual(repeat.ends(["a", "b", "c", "d"]), ["a reader saw something else"])
})

test("an append after an acknowledged close is flagged", () => {
  const story = threeAppends().did("close", [], [[7, 8, "ack", "o4"]]).appended(["e"], 9, 10, "o5")

  assert.deepEqual(story.ends(["a", "b", "c", "d", "e"], { closed: true }), ["append after close"])
})

test("an append at the same time as the close may come before it", () => {
  const story = threeAppends().did("close", [], [[7, 10, "ack", "o5"]]).appended(["e"], 8, 9, "o5")

  assert.deepEqual(story.ends(["a", "b", "c", "d", "e"], { closed: true }), right)
})

test("a closing append that is not the last event is flagged", () => {
  const story = new Story().did("append_close", ["a"], [[1, 2, "ack", "o1"]]).sent(["b"], 1)

  assert.deepEqual(story.ends(["a", "b"], { closed: true }), ["append after close"])
})

test("the closing tuple's duplicate is no append after the close", () => {
  const story = new Story().did("append_close", ["a"], [[1, null, "unknown"], [3, 4, "ack", null, { duplicate: true }]], { id: "p", epoch: 0, seq: 0 })

  assert.deepEqual(story.ends(["a"], { closed: true }), right)
})

test("a closed stream that is open again is flagged", () => {
  assert.deepEqual(threeAppends().did("close", [], [[7, 8, "ack", "o4"]]).ends(["a", "b", "c", "d"]), ["reopened"])
})

test("a stream that nobody closed and that is closed is flagged", () => {
  assert.deepEqual(threeAppends().ends(["a", "b", "c", "d"], { closed: true }), ["closed by nobody"])
  assert.deepEqual(threeAppends().sent(["e"], 7).did("close", [], [[8, null, "unknown"]]).ends(["a", "b", "c", "d"], { closed: true }), right)
})

test("being told of a close that nobody had asked for yet is flagged", () => {
  const story = threeAppends().did("append", ["e"], [[7, 8, "refused", null, { sawClosed: true }]]).did("close", [], [[9, 10, "ack", "o4"]])

  assert.deepEqual(story.ends(["a", "b", "c", "d"], { closed: true }), ["closed by nobody"])
})

test("an append to a stream known to be deleted is flagged", () => {
  const story = threeAppends().did("delete", [], [[7, 8, "ack"]]).appended(["e"], 9, 10, "o5")

  assert.deepEqual(story.endsDeleted(), ["append after delete"])
})

test("a stream that vanishes without having been deleted is flagged", () => {
  const story = threeAppends().did("append", ["e"], [[7, 8, "refused", null, { sawGone: true }]])

  assert.deepEqual(story.endsDeleted(), ["gone by nobody"])
})

test("a fork that lost, or gained, something of its source is flagged", () => {
  const fork = () => {
    const story = new Story()
    story.history.inherited = { ids: ["s1", "s2"], exact: true }
    return story.appended(["a"], 1, 2, "o3")
  }

  assert.deepEqual(fork().ends(["s1", "s2", "a"]), right)
  assert.deepEqual(fork().ends(["s1", "a"], { tail: "o3" }), ["fork"])
  assert.deepEqual(fork().ends(["s1", "s2", "s3", "a"]), ["foreign"])
})

test("a fork of wherever the tail is by then may have more of its source, before its own events", () => {
  const fork = () => {
    const story = new Story()
    story.history.inherited = { ids: ["s1"], exact: false }
    return story.appended(["a"], 1, 2, "o3")
  }

  assert.deepEqual(fork().ends(["s1", "s2", "a"]), right)
  assert.deepEqual(fork().ends(["s1", "a", "s2"]), ["foreign"])
})

for (const [name, format] of Object.entries(formats)) {
  test(`events in ${name} come back as the ids they were made from`, () => {
    const ids = [0, 1, 2].map((index) => eventId(7, 3, index, index * 50))
    const body = format.encode(ids)
    const altered = (from, to) => () => format.split(Buffer.from(body.replace(from, to)))

    assert.deepEqual(format.split(Buffer.from(body)).ids, ids)
    assert.throws(altered("7.3.1", "7.3.2"), DamagedEvents)
    assert.throws(altered(/[a-z]{2}/, "zz"), DamagedEvents)
  })
}

test("half an event is noticed in JSON, and kept in a stream of bytes until the rest comes", () => {
  const ids = [eventId(7, 3, 0, 50), eventId(7, 3, 1, 50)]
  const json = formats.json.encode(ids)
  const text = Buffer.from(formats.text.encode(ids))
  const place = new Place(formats.text)

  assert.throws(() => formats.json.split(Buffer.from(json.slice(0, -1))), DamagedEvents)

  place.advance(text.subarray(0, 100), "o100")
  assert.deepEqual(place.take(), { from: null, events: null })
  place.advance(text.subarray(100), "o200")
  assert.deepEqual(place.take(), { from: null, events: ids })
  assert.equal(place.withinEvent, false)
  place.advance(text, "o300")
  assert.deepEqual(place.take(), { from: "o200", events: ids })
})
