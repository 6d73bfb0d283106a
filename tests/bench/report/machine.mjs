// What a reader has to know of the machine to understand figures from it; nothing that names it.

import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs"
import os from "node:os"
import { join } from "node:path"

const WRITES = 300
const FILE_SYSTEMS = { 0xef53: "ext4", 0x58465342: "xfs", 0x9123683e: "btrfs", 0x01021994: "tmpfs" }

/** Microseconds of a write of 4 KiB and fdatasync over blocks that were written before: the median. */
function flushLatency(folder) {
  const path = join(folder, "flush-latency")
  const file = openSync(path, "w+")
  const block = Buffer.alloc(4096, "x")
  const took = []
  for (const measured of [false, true]) {
    for (let write = 0; write < WRITES; write += 1) {
      const begun = process.hrtime.bigint()
      writeSync(file, block, 0, block.length, write * block.length)
      fdatasyncSync(file)
      if (measured) took.push(Number(process.hrtime.bigint() - begun) / 1e3)
    }
  }
  closeSync(file)
  rmSync(path)
  return took.sort((left, right) => left - right)[WRITES / 2]
}

export function machine(folder) {
  return {
    processors: os.cpus().length,
    processor: os.cpus()[0].model,
    memory_gib: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release().replace(/^(\d+\.\d+).*/, "$1")}`,
    file_system: FILE_SYSTEMS[statfsSync(folder).type] ?? "another",
    flush_us: Math.round(flushLatency(folder)),
  }
}
