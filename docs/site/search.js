// The search of the site: every word must occur in the section; sections that have them in their heading come first. No
// module, so that it works in files that no server serves.

const MOST = 20
const root = document.currentScript.dataset.root
const input = document.getElementById("search")
const found = document.getElementById("found")

const SNIPPET = 60

/** The index is fetched when the first word is typed. */
let loading
function load() {
  loading ??= new Promise((loaded, failed) => {
    const script = document.createElement("script")
    script.src = `${root}/search-index.js`
    script.onload = () => loaded(globalThis.sectionsOfSite)
    script.onerror = failed
    document.head.append(script)
  })
  return loading
}

function matches(sections, words) {
  const heading = ({ text }) => text.slice(0, SNIPPET).toLowerCase()
  return sections
    .filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)))
    .map((section) => ({ section, named: words.filter((word) => heading(section).includes(word)).length }))
    .sort((left, right) => right.named - left.named)
    .slice(0, MOST)
    .map(({ section }) => section)
}

function entry({ page, title, id, text }, word) {
  const link = document.createElement("a")
  link.href = `${root}/${page}#${id}`
  link.textContent = title
  const at = Math.max(0, text.toLowerCase().indexOf(word) - SNIPPET / 2)
  const around = document.createElement("p")
  around.textContent = `${at > 0 ? "…" : ""}${text.slice(at, at + 2 * SNIPPET)}…`
  const item = document.createElement("li")
  item.append(link, around)
  return item
}

input.addEventListener("input", async () => {
  const sections = await load()
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
  const best = words.length === 0 ? [] : matches(sections, words)
  found.replaceChildren(...best.map((section) => entry(section, words[0])))
})

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target === input) return
  event.preventDefault()
  input.focus()
})
