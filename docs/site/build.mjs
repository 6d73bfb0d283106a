// build.mjs <directory>: the documents as a site: plain files, no server, no request to anywhere else.
//
// The Markdown is rendered by cmark-gfm. This adds what lies around it: names of headings, links between pages, the list of
// pages and the search. A link that leads nowhere is an error.

import { execFileSync } from "node:child_process"
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, normalize, relative } from "node:path"
import { fileURLToPath } from "node:url"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const HERE = fileURLToPath(new URL(".", import.meta.url))

/** The list of pages, in the order in which a newcomer meets them. Decisions follow by number. */
const SECTIONS = [
  ["Start", ["README.md", "docs/tutorial.md", "examples/orders/README.md", "docs/installing.md", "docs/coming-from.md"]],
  ["Use", ["docs/http-api.md", "docs/errors.md", "docs/client.md", "docs/remote-store.md", "docs/state.md", "docs/debugger.md"]],
  ["Run", ["docs/operations.md", "docs/deployment.md", "docs/security.md", "docs/durability.md", "docs/compatibility.md"]],
  ["Inside", ["docs/architecture.md", "docs/store-format.md", "docs/fault-proof.md", "docs/benchmarks.md", "CONTRIBUTING.md", "CHANGELOG.md"]],
  ["Decisions", readdirSync(join(ROOT, "docs/decisions")).sort().map((file) => `docs/decisions/${file}`)],
]

/** As on the pages of code hosts, so that links work there and here. */
const slug = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-")

const plain = (html) =>
  html
    .replace(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")

class Page {
  constructor(source) {
    this.source = source
    this.output = source === "README.md" ? "index.html" : source.replace(/README\.md$/, "index.md").replace(/\.md$/, ".html")
    const rendered = execFileSync("cmark-gfm", ["--unsafe", "--github-pre-lang", "-e", "table", "-e", "autolink", join(ROOT, source)])
    this.headings = []
    this.html = this.#withNamedHeadings(rendered.toString())
    this.title = this.headings[0]?.text ?? source
  }

  #withNamedHeadings(html) {
    const used = new Map()
    return html.replace(/<h([1-6])>(.*?)<\/h\1>/gs, (_, level, inner) => {
      const text = plain(inner)
      const wanted = slug(text)
      const turn = used.get(wanted) ?? 0
      used.set(wanted, turn + 1)
      const id = turn === 0 ? wanted : `${wanted}-${turn}`
      this.headings.push({ id, text, at: this.headings.length })
      return `<h${level} id="${id}">${inner}</h${level}>`
    })
  }

  /** What the search looks through: the text below each heading. */
  sections() {
    const parts = this.html.split(/(?=<h[1-6] id=")/)
    return parts
      .map((part) => ({ id: /^<h[1-6] id="([^"]*)"/.exec(part)?.[1] ?? "", text: plain(part).replace(/\s+/g, " ").trim() }))
      .filter(({ text }) => text !== "")
      .map(({ id, text }) => ({ page: this.output, title: this.title, id, text }))
  }
}

class Site {
  broken = []

  constructor(into) {
    this.into = into
    this.sections = SECTIONS.map(([name, sources]) => [name, sources.filter((source) => existsSync(join(ROOT, source))).map((source) => new Page(source))])
    this.pages = new Map(this.sections.flatMap(([, pages]) => pages).map((page) => [page.source, page]))
    for (const file of readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"))) {
      if (!this.pages.has(`docs/${file}`)) this.broken.push(`docs/${file} is in no section of the site`)
    }
  }

  write() {
    rmSync(this.into, { recursive: true, force: true })
    for (const page of this.pages.values()) {
      const file = join(this.into, page.output)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, this.#document(page))
    }
    cpSync(join(ROOT, "docs/images"), join(this.into, "docs/images"), { recursive: true })
    for (const file of ["site.css", "search.js"]) copyFileSync(join(HERE, file), join(this.into, file))
    const index = [...this.pages.values()].flatMap((page) => page.sections())
    writeFileSync(join(this.into, "search-index.js"), `globalThis.sectionsOfSite = ${JSON.stringify(index)}\n`)
    copyFileSync(join(ROOT, "llms.txt"), join(this.into, "llms.txt"))
  }

  #document(page) {
    const up = relative(dirname(page.output), ".") || "."
    const list = this.sections
      .map(([name, pages]) => `<h2>${name}</h2><ul>${pages.map((each) => this.#entry(each, page, up)).join("")}</ul>`)
      .join("")
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(page.title)}${page.source === "README.md" ? "" : " · Foldback"}</title>
<link rel="stylesheet" href="${up}/site.css">
<script defer src="${up}/search.js" data-root="${up}"></script>
</head>
<body>
<nav aria-label="Pages">
<a class="home" href="${up}/index.html">Foldback</a>
<label>Search <input type="search" id="search" autocomplete="off" placeholder="words"></label>
<ol id="found" aria-live="polite"></ol>
${list}
<h2>API</h2><ul><li><a href="${up}/api/index.html">C++ headers</a></li></ul>
</nav>
<main>
${this.#withLinks(page)}
</main>
</body>
</html>
`
  }

  #entry(each, page, up) {
    const here = each === page ? ' aria-current="page"' : ""
    return `<li><a href="${up}/${each.output}"${here}>${escaped(each.title)}</a></li>`
  }

  #withLinks(page) {
    return page.html.replace(/<a href="([^"]*)">(.*?)<\/a>/gs, (whole, href, inner) => {
      if (/^[a-z]+:/.test(href)) return whole
      const [path, anchor] = href.split("#")
      const target = path === "" ? page.source : normalize(join(dirname(page.source), decodeURI(path)))
      const found = this.pages.get(target)
      if (!found) {
        // Source files are not part of the site.
        if (existsSync(join(ROOT, target))) return inner
        this.broken.push(`${page.source}: ${href} leads nowhere`)
        return inner
      }
      if (anchor && !found.headings.some(({ id }) => id === anchor)) this.broken.push(`${page.source}: ${href} names no heading`)
      const link = relative(dirname(page.output), found.output) || found.output
      return `<a href="${link}${anchor ? `#${anchor}` : ""}">${inner}</a>`
    })
  }
}

const into = process.argv[2]
if (!into) {
  console.error("usage: build.mjs <directory>")
  process.exit(2)
}
const site = new Site(into)
site.write()
for (const line of site.broken) console.error(line)
console.log(`${site.pages.size} pages`)
process.exitCode = site.broken.length === 0 ? 0 : 1
