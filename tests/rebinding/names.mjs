// A server of names, each of which has other addresses whenever it is asked for.

import dgram from "node:dgram"

const A = 1
const AAAA = 28
const FORBIDDEN = [
  ...["127.0.0.1", "10.0.0.7", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "168.63.129.16", "224.0.0.1"],
  ...["::1", "fd00:ec2::254", "fe80::1", "::ffff:127.0.0.1", "::ffff:10.0.0.7", "64:ff9b::7f00:1", "2002:7f00:1::"],
]

function bytesOf(address) {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number))
  const mapped = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const text = mapped ? `${mapped[1]}${((mapped[2] << 8) | mapped[3]).toString(16)}:${((mapped[4] << 8) | mapped[5]).toString(16)}` : address
  const [head, tail = ""] = text.split("::")
  const words = (part) => part.split(":").filter(Boolean).map((word) => parseInt(word, 16))
  const [before, after] = [words(head), words(tail)]
  const all = [...before, ...new Array(8 - before.length - after.length).fill(0), ...after]
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]))
}

export class Names {
  /** The one address that is somebody's on the internet. */
  static public = "93.184.216.34"
  /** name → what it was, one time after another: "public", "forbidden" or "both" */
  names = new Map()
  questions = 0

  static serve(random) {
    const served = new Names()
    served.random = random
    served.socket = dgram.createSocket("udp4", (message, from) => served.socket.send(served.#answer(message), from.port, from.address))
    return new Promise((resolve, reject) => {
      served.socket.once("error", reject)
      served.socket.bind(53, "127.0.0.1", () => resolve(served))
    })
  }

  close() {
    this.socket.close()
  }

  /** How many names were public at one time and not at another. */
  rebound() {
    return [...this.names.values()].filter((kinds) => new Set(kinds).size > 1).length
  }

  #answer(message) {
    this.questions += 1
    let end = 12
    const labels = []
    for (; message[end] !== 0; end += message[end] + 1) labels.push(message.subarray(end + 1, end + 1 + message[end]).toString())
    const type = message.readUInt16BE(end + 1)
    const addresses = this.#addresses(labels.join("."), type === A).filter((address) => (address.includes(":") ? AAAA : A) === type)
    const header = Buffer.from(message.subarray(0, 12))
    header.writeUInt16BE(0x8180, 2)
    header.writeUInt16BE(addresses.length, 6)
    header.writeUInt32BE(0, 8)
    const records = addresses.map((address) => {
      const data = bytesOf(address)
      const record = Buffer.alloc(12)
      record.writeUInt16BE(0xc00c, 0)
      record.writeUInt16BE(type, 2)
      record.writeUInt16BE(1, 4)
      record.writeUInt16BE(data.length, 10)
      return Buffer.concat([record, data])
    })
    return Buffer.concat([header, message.subarray(12, end + 5), ...records])
  }

  /** A name's next addresses. Of both kinds of addresses is asked at once, IPv4 first. */
  #addresses(name, isNext) {
    if (!this.names.has(name)) this.names.set(name, [])
    const kinds = this.names.get(name)
    if (isNext || kinds.length === 0) kinds.push(this.random.pick(["public", "forbidden", "both"]))
    const kind = kinds.at(-1)
    const forbidden = [this.random.pick(FORBIDDEN), this.random.pick(FORBIDDEN)]
    return kind === "public" ? [Names.public] : kind === "forbidden" ? forbidden : [Names.public, ...forbidden]
  }
}
