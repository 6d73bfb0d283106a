// collect.mjs FOLDER: the rows that the parts of a run left in FOLDER as PART.json, with what machine it was, as one JSON.

import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { machine } from "./machine.mjs"
import { parts } from "./parts.mjs"

const folder = process.argv[2]
const rows = parts.flatMap(({ part }) => {
  const file = join(folder, `${part}.json`)
  if (!existsSync(file)) return []
  const read = JSON.parse(readFileSync(file, "utf8"))
  return (read.rows ?? read).map((row) => ({ part, ...row }))
})
console.log(JSON.stringify({ date: new Date().toISOString().slice(0, 10), machine: machine(folder), rows }, null, 2))
