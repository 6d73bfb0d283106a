// Rows as they are shown and kept.

import { writeFileSync } from "node:fs"

const number = (value) => value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 2 : 0 })

/** Carries out the measurements one after another, shows their rows, and writes these as JSON when there is a file for it. */
export async function report(measurements, file) {
  const rows = []
  for (const measurement of measurements) {
    for (const { lowerIsBetter = false, ...row } of await measurement()) {
      const pass = row.target === null ? null : lowerIsBetter ? row.ratio <= row.target : row.ratio >= row.target
      rows.push({ ...row, at_most: lowerIsBetter, pass })
      const verdict = pass === null ? "" : `${pass ? "met" : "MISSED"} (${lowerIsBetter ? "at most" : "at least"} ${row.target})`
      console.log(row.name)
      console.log(`    ${number(row.value)} ${row.unit}; ${row.peer}: ${number(row.peer_value)}; ratio ${row.ratio.toFixed(2)} ${verdict}`)
    }
  }
  if (file) writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`)
  const judged = rows.filter(({ pass }) => pass !== null)
  console.log(`${judged.filter(({ pass }) => pass).length} of ${judged.length} targets met`)
}
