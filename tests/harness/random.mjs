/** Repeatable random numbers: the same seed gives the same sequence. */
export class Random {
  #state

  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** [0, 1) (mulberry32) */
  real() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  /** An integer of [low, high]. */
  integer(low, high) {
    return low + Math.floor(this.real() * (high - low + 1))
  }

  chance(probability) {
    return this.real() < probability
  }

  pick(items) {
    return items[this.integer(0, items.length - 1)]
  }

  /** An independent sequence, for a part that must not disturb this one. */
  fork(salt) {
    return new Random(Math.imul(this.#state ^ 0x9e3779b9, 0x85ebca6b) ^ salt)
  }
}

export function newSeed() {
  return Math.floor(Math.random() * 0x7fffffff)
}
