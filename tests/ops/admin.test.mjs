import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { eventually, spawnOwned } from "../harness/server.mjs"
import { append, atEnd, create, foldbackLater, metrics, operated, scratch, text } from "./operated.mjs"

const root = join(dirname(fileURLToPath(import.meta.url)), "../..")

/** What the order service says of its projections. */
async function ordersMetrics(t, directory) {
  const program = join(dirname(process.env.FOLDBACK_BINARY), "orders")
  const child = spawnOwned(program, ["serve", "--listen", "127.0.0.1:0", "--data", join(directory, "orders")], { stdio: ["ignore", "pipe", "ignore"] })
  atEnd(t, () => child.kill("SIGKILL"))
  let said = ""
  child.stdout.on("data", (chunk) => (said += chunk))
  const [, url] = await eventually("the order service", () => /shop floor +(http:\S+)\/\n/.exec(said))
  const scraped = await text(`${url}/metrics`)
  assert.equal(scraped.status, 200)
  assert.match(scraped.body, /^foldback_projection_up\{projection="\w+"\} 1$/m)
  return scraped.body
}

/** Every metric that a text speaks of. */
function namesIn(path) {
  const names = readFileSync(join(root, path), "utf8").match(/\b(foldback|process)_[a-z0-9_]+[a-z0-9]\b/g)
  return new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, "")))
}

test("dashboard, alerts and manual speak of metrics that there are", async (t) => {
  const server = await operated(t, scratch(t))
  const orders = await ordersMetrics(t, scratch(t))
  const body = (await text(`${server.admin}/metrics`)).body + orders
  const offered = new Set(body.match(/^# TYPE \S+/gm).map((line) => line.slice("# TYPE ".length)))

  for (const path of ["packaging/grafana/foldback.json", "packaging/prometheus/alerts.yml"]) {
    for (const name of namesIn(path)) assert.ok(offered.has(name), `${path} speaks of ${name}`)
  }
  const told = namesIn("docs/operations.md")
  for (const name of offered) {
    if (name.startsWith("foldback_")) assert.ok(told.has(name), `docs/operations.md says nothing of ${name}`)
  }
})

test("every alert's runbook is an entry of the manual", () => {
  const headings = readFileSync(join(root, "docs/operations.md"), "utf8").match(/^#+ .*$/gm)
  const anchors = new Set(headings.map((line) => line.replace(/^#+ /, "").toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-")))
  const alerts = readFileSync(join(root, "packaging/prometheus/alerts.yml"), "utf8")
  const runbooks = alerts.match(/runbook: \S+/g)
  assert.equal(runbooks.length, alerts.match(/- alert:/g).length)
  for (const runbook of runbooks) assert.ok(anchors.has(runbook.split("#")[1]), runbook)
})

test("a scrape tells what the server did", async (t) => {
  const server = await operated(t, scratch(t))
  await create(server, "s")
  for (let i = 0; i < 10; ++i) assert.equal((await append(server, "s", [i, i])).status, 204)
  await append(server, "missing", [1])
  await fetch(`${server.streamUrl("s")}?offset=-1`)

  const samples = await metrics(server)
  assert.equal(samples.get('foldback_http_requests_total{route="stream",method="POST",code="204"}'), 10)
  assert.equal(samples.get('foldback_http_requests_total{route="stream",method="POST",code="404"}'), 1)
  assert.equal(samples.get("foldback_append_events_total"), 20)
  assert.equal(samples.get("foldback_streams"), 1)
  assert.equal(samples.get('foldback_read_bytes_total{mode="catch_up"}'), 41)
  assert.equal(samples.get("foldback_fsync_duration_seconds_count"), samples.get("foldback_commits_total"))
  assert.equal(samples.get("foldback_store_broken"), 0)
  assert.ok(samples.get("process_resident_memory_bytes") > 1 << 20)
})

test("the server is ready once it serves, and says its version", async (t) => {
  const server = await operated(t, scratch(t))
  await eventually("it to be ready", async () => (await text(`${server.admin}/readyz`)).status === 200)
  assert.deepEqual(JSON.parse((await text(`${server.admin}/readyz`)).body), { ready: true, checks: { serving: "ok", store: "ok" } })
  assert.equal((await text(`${server.admin}/healthz`)).status, 200)
  assert.equal(JSON.parse((await text(`${server.admin}/version`)).body).name, "foldback")
  assert.equal((await text(`${server.admin}/v1/stream/s`)).status, 404)
})

test("top shows rates and sizes", async (t) => {
  const server = await operated(t, scratch(t))
  await create(server, "s")
  const looking = foldbackLater("top", "--admin", server.admin, "--interval-ms", "300", "--rounds", "2", "--json")
  for (let i = 0; i < 50; ++i) await append(server, "s", [i])
  const { status, stdout } = await looking

  assert.equal(status, 0)
  const looks = stdout.trim().split("\n").map((line) => JSON.parse(line))
  assert.equal(looks.length, 2)
  assert.ok(looks.some((look) => look.messages_per_second > 0 && look.flush_p99_ms > 0))
  assert.equal(looks[1].streams, 1)
  assert.equal((await foldbackLater("top", "--admin", server.url, "--rounds", "1")).status, 1)
})
