// Bars of how far each row is from its target, as SVG that can be read on light and dark pages.

const WIDTH = 860
const LABEL = 430
const ROW = 24
const SPAN = WIDTH - LABEL - 60
/** The scale is logarithmic, from a tenth of the target to ten times as good. */
const DECADES = 1

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
const shortened = (text, length = 66) => (text.length > length ? `${text.slice(0, length - 1)}…` : text)

/** How many times as good as its target a row is. */
export const merit = ({ ratio, target, at_most: atMost }) => (atMost ? target / ratio : ratio / target)

const position = (value) => {
  const part = (Math.log10(value) + DECADES) / (2 * DECADES)
  return LABEL + SPAN * Math.min(1, Math.max(0, part))
}

export function plot(title, rows) {
  const height = 48 + rows.length * ROW
  const line = position(1)
  const bars = rows.map((row, index) => {
    const y = 40 + index * ROW
    const end = position(merit(row))
    const colour = row.pass ? "#2f855a" : "#c05621"
    return `  <text x="${LABEL - 8}" y="${y + 13}" text-anchor="end">${escaped(shortened(row.name))}</text>
  <rect x="${Math.min(line, end).toFixed(1)}" y="${y + 2}" width="${Math.max(1, Math.abs(end - line)).toFixed(1)}" height="14" fill="${colour}"/>
  <text x="${WIDTH - 52}" y="${y + 13}">${merit(row).toFixed(2)} ×</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}" font-family="sans-serif" font-size="12" fill="#718096">
  <text x="8" y="16">${escaped(title)}: how many times as good as the target</text>
  <line x1="${line}" y1="28" x2="${line}" y2="${height - 6}" stroke="#718096"/>
${bars.join("\n")}
</svg>
`
}
