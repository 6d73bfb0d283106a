import assert from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { Postgres } from "../harness/postgres.mjs"
import { eventually, freePort, Server } from "../harness/server.mjs"
import { Bucket } from "./bucket.mjs"

const binary = process.env.FOLDBACK_BINARY
const segmentBytes = 1 << 20

let database
before(async () => {
  database = await Postgres.start()
})
after(() => database.end("SIGINT"))

/** A log of its own, a bucket of its own, and nodes over them. */
class Cluster {
  static #count = 0
  nodes = []
  written = []

  static async start(t, options = {}) {
    const cluster = new Cluster()
    cluster.name = `cluster_${++Cluster.#count}`
    cluster.scratch = mkdtempSync(join(tmpdir(), "foldback-s3-"))
    cluster.bucket = await Bucket.start(options)
    database.run(`CREATE SCHEMA ${cluster.name}`)
    t.after(() => cluster.stop())
    return cluster
  }

  async stop() {
    for (const node of this.nodes) await node.stop()
    await this.bucket.stop()
    rmSync(this.scratch, { recursive: true, force: true })
  }

  get log() {
    return ["--log", `${database.url}&options=-csearch_path%3D${this.name}`, "--segment-bytes", String(segmentBytes)]
  }
  get archiving() {
    return ["--archive", "s3://archives/some/prefix"]
  }

  async node(name, extraArgs = this.archiving, environment = this.bucket.environment) {
    const dataDir = join(this.scratch, name)
    const port = await freePort()
    const node = new Server({ binary, port, dataDir, extraArgs: [...this.log, ...extraArgs], environment })
    this.nodes.push(node)
    return node
  }
  async started(...args) {
    const node = await this.node(...args)
    await node.start()
    return node
  }

  /** Writes about so many segments. */
  async write(node, segments) {
    const headers = { "content-type": "application/octet-stream" }
    if (this.written.length === 0) await fetch(node.streamUrl("bytes"), { method: "PUT", headers })
    for (let i = 0; i < 5 * segments; ++i) {
      const body = randomBytes(segmentBytes / 4)
      const answer = await fetch(node.streamUrl("bytes"), { method: "POST", headers, body })
      assert.equal(answer.status, 204)
      this.written.push(body)
    }
  }
  /** Whether a node has all that was written. */
  async agrees(node) {
    const pieces = []
    for (let offset = "-1"; ; ) {
      const answer = await fetch(`${node.streamUrl("bytes")}?offset=${offset}`)
      assert.equal(answer.status, 200, node.log)
      pieces.push(Buffer.from(await answer.arrayBuffer()))
      offset = answer.headers.get("stream-next-offset")
      if (answer.headers.get("stream-up-to-date") === "true") break
    }
    assert.ok(Buffer.concat(pieces).equals(Buffer.concat(this.written)), `it has something else\n${node.log}`)
  }

  get sealed() {
    return Number(database.run(`SELECT max(segment) - 1 FROM ${this.name}.foldback_commits`))
  }
  get commits() {
    return Number(database.run(`SELECT count(crc) FROM ${this.name}.foldback_commits`))
  }
  get segments() {
    return this.bucket.names("some/prefix").filter((name) => name.endsWith(".segment"))
  }
  /** Whether all sealed segments but one are gone from the database, but for their seals. */
  moved() {
    return eventually("commits to be removed", () => this.commits < this.sealed + 12, 30_000, 50)
  }
  archived() {
    return eventually("all segments to be archived", () => this.sealed > 0 && this.segments.length === this.sealed, 60_000, 50)
  }
}

const secretsOf = (bucket) => bucket.credentials.secretAccessKey

test("nodes archive to a bucket, rows leave the database, and a node that begins with nothing has it all", async (t) => {
  const cluster = await Cluster.start(t)
  const moving = [...cluster.archiving, "--segments-in-database", "1"]
  const one = await cluster.started("one", moving)
  const other = await cluster.started("other", moving)
  await cluster.write(one, 4)
  await cluster.write(other, 4)
  await cluster.archived()
  await cluster.moved()

  const before = cluster.bucket.seen.length
  const late = await cluster.started("late", moving)

  for (const node of [one, other, late]) await cluster.agrees(node)
  const read = cluster.bucket.seen.slice(before).filter(({ method, key }) => method === "GET" && key.endsWith(".segment"))
  assert.ok(new Set(read.map(({ key }) => key)).size >= cluster.sealed, "it did not begin with the bucket")
  const puts = cluster.bucket.seen.filter(({ method, key }) => method === "PUT" && key.endsWith(".segment"))
  assert.equal(puts.length, cluster.sealed, "a segment was put more than once")
  assert.ok(cluster.bucket.seen.every(({ method }) => method === "GET" || method === "PUT"), "it lists or deletes")
  for (const node of [one, other, late]) assert.ok(!node.log.includes(secretsOf(cluster.bucket)))
})

test("what is in the bucket is an archive as a directory is, and can be verified and used as one", async (t) => {
  const cluster = await Cluster.start(t)
  const one = await cluster.started("one", [...cluster.archiving, "--segments-in-database", "1"])
  await cluster.write(one, 3)
  await cluster.archived()
  const directory = join(cluster.scratch, "fetched")
  mkdirSync(directory)
  for (const name of cluster.bucket.names("some/prefix")) {
    copyFileSync(cluster.bucket.file("some/prefix", name), join(directory, name))
  }

  execFileSync(binary, ["verify", "--data", directory])
  await cluster.agrees(await cluster.started("late", ["--archive", directory]))
})

test("an object that is damaged, cut short or of something else is told of, and not used", async (t) => {
  const cluster = await Cluster.start(t)
  const one = await cluster.started("one")
  await cluster.write(one, 5)
  await cluster.archived()
  const file = (number) => cluster.bucket.file("some/prefix", `000000000${number}.segment`)
  for (const [number, change] of [
    [2, (bytes) => { bytes[bytes.length / 2 | 0] ^= 1; return bytes }],
    [3, (bytes) => bytes.subarray(0, 10_000)],
    [4, () => readFileSync(file(1))],
  ]) {
    const bytes = readFileSync(file(number))
    writeFileSync(file(number), change(Buffer.from(bytes)))
    const late = await cluster.started(`late-${number}`)
    await cluster.agrees(late)
    assert.match(late.log, new RegExp(`segment ${number} is not taken from the archive`))
    await late.stop()
    writeFileSync(file(number), bytes)
  }

  await one.stop()
  writeFileSync(file(1), readFileSync(file(2)))
  const moving = await cluster.started("moving", [...cluster.archiving, "--segments-in-database", "1"])
  await cluster.write(moving, 1)
  await eventually(`the first segment to be put anew\n${moving.log}`,
    () => cluster.bucket.names("some/prefix").some((name) => /^0000000001.segment.*aside$/.test(name)), 30_000, 50)
  await cluster.moved()
  await cluster.agrees(await cluster.started("last", [...cluster.archiving, "--segments-in-database", "1"]))
})

test("a wrong key, a wrong secret, no credentials, no bucket and another log's archive are refused at the start, with what to do", async (t) => {
  const cluster = await Cluster.start(t)
  const one = await cluster.started("one")
  await cluster.write(one, 2)
  await cluster.archived()
  const usual = cluster.bucket.environment
  const refused = async (environment, pattern, archiving = cluster.archiving) => {
    const node = await cluster.node("refused", archiving, environment)
    node.spawn()
    assert.deepEqual(await node.exited(), { code: 78, signal: null }, node.log)
    assert.match(node.log, pattern)
    assert.match(node.log, /AWS_SECRET_ACCESS_KEY|archive/)
    assert.ok(!node.log.includes("wrong-secret") && !node.log.includes(secretsOf(cluster.bucket)), node.log)
  }

  await refused({ ...usual, AWS_SECRET_ACCESS_KEY: "wrong-secret" }, /SignatureDoesNotMatch.*secret key is not that/s)
  await refused({ ...usual, AWS_ACCESS_KEY_ID: "nobody" }, /InvalidAccessKeyId/)
  await refused({ ...usual, AWS_REGION: "elsewhere" }, /SignatureDoesNotMatch/)
  await refused({ AWS_ENDPOINT_URL_S3: usual.AWS_ENDPOINT_URL_S3 }, /no credentials for s3:\/\/archives/)
  await refused(usual, /NoSuchBucket/, ["--archive", "s3://nowhere/some/prefix"])
  const checked = spawnSync(binary, ["check-config", ...cluster.log, ...cluster.archiving], { env: { PATH: process.env.PATH } })
  assert.equal(checked.status, 78, checked.stderr)
  const another = await Cluster.start(t)
  const foreign = await another.node("foreign", cluster.archiving, usual)
  foreign.spawn()
  assert.deepEqual(await foreign.exited(), { code: 78, signal: null }, foreign.log)
  assert.match(foreign.log, /archive of another log/)
})

test("while the bucket is away or throttles, nodes start and serve, and archive when it is back", async (t) => {
  const cluster = await Cluster.start(t)
  await cluster.bucket.close()
  const one = await cluster.started("one", [...cluster.archiving, "--segments-in-database", "1"])
  await cluster.write(one, 3)
  // The reader when it opened the archive and when it asked for a segment, and the archiver: once each, however often it tries.
  const tellings = () => one.log.match(/a request to s3:\/\/archives failed/g) ?? []
  await eventually(`it to tell\n${one.log}`, () => tellings().length === 3)
  assert.equal(cluster.segments.length, 0)

  await cluster.bucket.open()
  await cluster.archived()
  assert.equal(tellings().length, 3)

  let requests = 0
  cluster.bucket.fate = () => (requests++ < 9 ? [503, "cut", 500][requests % 3] : null)
  await cluster.write(one, 2)
  await cluster.archived()
  await cluster.agrees(await cluster.started("late", [...cluster.archiving, "--segments-in-database", "1"]))

  await cluster.bucket.close()
  await cluster.write(one, 2)
  const begun = performance.now()
  assert.deepEqual(await one.stop(), { code: 0, signal: null })
  assert.ok(performance.now() - begun < 4_000, "it waited for the bucket")
})

test("a body that is damaged on its way is refused by the bucket and sent again", async (t) => {
  const cluster = await Cluster.start(t)
  let damaged = 0
  cluster.bucket.fate = (request, key, body) => {
    if (request.method === "PUT" && key.endsWith("1.segment") && ++damaged === 1) body[body.length - 1] ^= 1
    return null
  }
  const one = await cluster.started("one")
  await cluster.write(one, 2)
  await cluster.archived()

  assert.equal(damaged, 2)
  assert.ok(cluster.bucket.seen.some(({ status }) => status === 400))
  await cluster.agrees(await cluster.started("late"))
})

test("keys in a file may be renewed while a node runs, also with a session token", async (t) => {
  const cluster = await Cluster.start(t)
  const file = join(cluster.scratch, "credentials")
  const { AWS_REGION, AWS_ENDPOINT_URL_S3 } = cluster.bucket.environment
  const renew = (secret, token) => {
    cluster.bucket.credentials = { ...cluster.bucket.credentials, secretAccessKey: secret, sessionToken: token }
    const { accessKeyId } = cluster.bucket.credentials
    const lines = [`aws_access_key_id = ${accessKeyId}`, `aws_secret_access_key = ${secret}`, `aws_session_token = ${token}`]
    writeFileSync(file, `[default]\n${lines.join("\n")}\n`, { mode: 0o600 })
  }
  renew("first", "token-1")
  const one = await cluster.started("one", [...cluster.archiving, "--archive-credentials", file],
    { AWS_REGION, AWS_ENDPOINT_URL_S3 })
  await cluster.write(one, 2)
  await cluster.archived()

  renew("second", "token-2")
  await cluster.write(one, 2)
  await cluster.archived()
})

test("a bucket is reached over TLS when its certificate is trusted, and not else", async (t) => {
  const keys = mkdtempSync(join(tmpdir(), "foldback-s3-tls-"))
  t.after(() => rmSync(keys, { recursive: true, force: true }))
  const [key, certificate] = [join(keys, "key.pem"), join(keys, "certificate.pem")]
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
    "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], { stdio: "ignore" })
  const cluster = await Cluster.start(t, { tls: { key: readFileSync(key), cert: readFileSync(certificate) } })
  const one = await cluster.started("one")
  await cluster.write(one, 2)
  await eventually(`it to tell\n${one.log}`, () => /certificate verify failed/.test(one.log))
  assert.equal(cluster.bucket.seen.length, 0)
  await one.stop()

  await cluster.agrees(await cluster.started("two", [...cluster.archiving, "--archive-ca-file", certificate]))
  await cluster.archived()
})

test("when the node that archives is killed at any moment, another one goes on, and nothing half is in the bucket", async (t) => {
  const cluster = await Cluster.start(t)
  const moving = [...cluster.archiving, "--segments-in-database", "1"]
  const writer = await cluster.started("writer", [])
  await cluster.write(writer, 8)
  let puts = 0
  let reached = null
  cluster.bucket.fate = (request) => {
    if (request.method === "PUT" && ++puts % 3 === 0) reached?.()
    return null
  }
  for (let round = 0; round < 3; ++round) {
    const node = await cluster.node(`killed-${round}`, moving)
    const putting = new Promise((resolve) => { reached = resolve })
    node.spawn()
    await putting
    await node.kill()
  }
  reached = null
  const last = await cluster.started("last", moving)
  await cluster.archived()
  await cluster.moved()

  await cluster.agrees(await cluster.started("late", moving))
  assert.doesNotMatch(last.log, /damaged/)
})
