// The documents as a site: every page is there and leads on, from files that no server serves; the search finds.

import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { fileURLToPath, pathToFileURL } from "node:url"
import { openAt, startBrowser, takePicture } from "./page.mjs"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const into = mkdtempSync(join(tmpdir(), "foldback-site-"))
const url = pathToFileURL(into).href
let browser

before(async () => {
  // Ends with 1, and says which, when a link leads nowhere or a document is in no section.
  execFileSync("node", [join(ROOT, "docs/site/build.mjs"), into])
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  rmSync(into, { recursive: true, force: true })
})

/** The page complained of nothing and asked for no file but the site's. */
function isQuiet(page) {
  assert.deepEqual(page.complaints, [])
  assert.deepEqual(page.elsewhere, [])
}

async function opened(t, place, options) {
  const page = await openAt(browser, url, place, options)
  t.after(() => page.context().close())
  return page
}

test("every document is a page that the list names", async (t) => {
  const page = await opened(t, "/index.html")
  const listed = await page.locator("nav ul a").evaluateAll((links) => links.map((link) => link.getAttribute("href")))
  for (const file of readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"))) {
    assert.ok(listed.includes(`./docs/${file.replace(/md$/, "html")}`), file)
  }
  isQuiet(page)
})

test("a link to a heading of another page arrives there", async (t) => {
  const page = await opened(t, "/docs/errors.html")
  await page.locator("main a", { hasText: "Exit codes" }).click()
  await page.waitForURL(/operations\.html#exit-codes$/)
  assert.equal(await page.locator("#exit-codes").innerText(), "Exit codes")
  isQuiet(page)
})

test("the search finds the section that a word is in, and goes there", async (t) => {
  const page = await opened(t, "/docs/tutorial.html")
  await page.keyboard.press("/")
  await page.keyboard.type("sequence-gap")
  await page.locator("#found a", { hasText: "Errors" }).first().click()
  await page.waitForURL(/errors\.html#what-the-stream-says$/)
  await page.locator("#search").fill("there is no such word as xyzzy")
  assert.equal(await page.locator("#found li").count(), 0)
  isQuiet(page)
})

for (const [name, options] of [
  ["site-1280-light", { colorScheme: "light" }],
  ["site-390-dark", { colorScheme: "dark", viewport: { width: 390, height: 844 } }],
]) {
  test(`it fits: ${name}`, async (t) => {
    const page = await opened(t, "/docs/errors.html", options)
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways")
    await takePicture(page, name)
  })
}
