/**
 * An idempotent producer as the protocol describes it: it numbers its requests and sends each again, under the same
 * number, until it knows that it is in. What it does not know yet outlives the server's lives.
 */
export class Producer {
  epoch = 0
  nextSeq = 0
  /** Operations without an answer yet, by rising sequence number. */
  unsettled = []

  constructor(id, stream) {
    this.id = id
    this.stream = stream
  }

  /** A new operation, to be sent by `settle`. */
  enqueue(kind, events) {
    const operation = this.stream.history.operation(kind, {
      events,
      producer: { id: this.id, epoch: this.epoch, seq: this.nextSeq },
    })
    this.nextSeq += 1
    this.unsettled.push(operation)
    return operation
  }

  /**
   * Sends what is unsettled, `width` requests at a time and each `copies` times at once, until all of it is settled or
   * the stream has ended. A sequence gap is an answer too when requests overtake each other: those go again.
   * Throws NoAnswer, with everything still in place.
   */
  async settle(client, { width = 1, copies = 1, chunked = false } = {}) {
    while (this.unsettled.length > 0) {
      const lowest = this.unsettled[0]
      const requests = this.unsettled.slice(0, width).flatMap((operation) =>
        Array.from({ length: copies }, () => this.stream.post(client, operation, { chunked })))
      const results = await Promise.allSettled(requests)
      const failed = results.find(({ status }) => status === "rejected")
      this.unsettled = this.unsettled.filter((operation) => !operation.acked)
      if (failed) throw failed.reason
      if (!this.stream.usable) {
        this.unsettled = []
        return
      }
      if (results.some(({ value }) => value.fenced)) throw new Error(`${this.id} was fenced in epoch ${this.epoch}, the only one there is`)
      if (this.unsettled[0] === lowest && !results.some(({ value }) => value.status === 503)) {
        throw new Error(`${this.id}: the next in order was refused: ${lowest}`)
      }
    }
  }

  /** Gives up on what is unsettled: it stays unknown. */
  startNewEpoch() {
    this.unsettled = []
    this.epoch += 1
    this.nextSeq = 0
  }
}
