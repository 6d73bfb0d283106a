// A page of the debugger in a browser of its own, over the seeded orders.

import { mkdir } from "node:fs/promises"
import path from "node:path"
import { createInterface } from "node:readline"
import { chromium } from "playwright-core"
import { eventually, spawnOwned } from "../harness/server.mjs"

export async function startOrders() {
  const child = spawnOwned(process.env.DEBUGGED_ORDERS, [], { stdio: ["pipe", "pipe", "inherit"] })
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve)
    child.once("exit", (code) => reject(new Error(`debugged_orders ended with ${code}`)))
  })
  return { url, stop: () => child.stdin.end() }
}

export const startBrowser = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] })

/** `moment` is what stands after the # of the URL. */
export const openPage = (browser, url, moment, options) => openAt(browser, url, `/debug/${moment}`, options)

/** What the page complains of, and asks of other servers, is collected. */
export async function openAt(browser, url, place, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.complaints = []
  page.on("pageerror", (error) => page.complaints.push(error.message))
  page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()))
  page.elsewhere = []
  page.on("request", (request) => request.url().startsWith(url) || page.elsewhere.push(request.url()))
  await page.goto(`${url}${place}`)
  return page
}

/** Keeps what the page looks like, in the folder PICTURES. */
export async function takePicture(page, name) {
  await mkdir(process.env.PICTURES, { recursive: true })
  return page.screenshot({ path: path.join(process.env.PICTURES, `${name}.png`), animations: "disabled", caret: "hide" })
}

export const moment = (page) => page.locator(".moment b").innerText()

/** Asks again and again from outside: what Playwright would install in the page to ask, the page's CSP forbids. */
export const until = (page, condition, argument) =>
  eventually(condition.toString(), () => page.evaluate(condition, argument), 15_000, 20)

export const momentIs = (page, wanted) =>
  until(page, (text) => document.querySelector(".moment b")?.textContent === text, String(wanted))
export const isReady = (page) => until(page, () => document.body.classList.contains("ready"))
