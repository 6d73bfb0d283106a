// JSON as it is written: a number of JavaScript holds 53 bits, and an identifier may have 64.

const canTell = "rawJSON" in JSON // then a reviver is told how a number is written, too

/** As JSON.parse, but whole numbers that would become others are BigInts, where the browser can tell. */
export function parse(text) {
  if (!canTell || !/\d{16}/.test(text)) return JSON.parse(text)
  return JSON.parse(text, (_, value, { source }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value)
}

/** As JSON.stringify, also of what `parse` makes. */
export const write = (value, indent) =>
  JSON.stringify(value, (_, one) => (typeof one === "bigint" ? JSON.rawJSON(String(one)) : one), indent)

/** A JSON text with its parts on lines of their own. Nothing else of it changes: not how a number is written, not a name that comes twice. */
export function indented(text) {
  let depth = 0
  const line = () => `\n${"  ".repeat(Math.max(0, depth))}`
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|\{\s*\}|\[\s*\]|[{}[\],:]|\s+/g, (part) => {
    if (part[0] === '"') return part
    if (part.length > 1) return part.replace(/\s+/, "")
    if (part === ":") return ": "
    if (part === ",") return `,${line()}`
    depth += part === "{" || part === "[" ? 1 : part === "}" || part === "]" ? -1 : 0
    return /[{[]/.test(part) ? part + line() : /[}\]]/.test(part) ? line() + part : ""
  })
}
