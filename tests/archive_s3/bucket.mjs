// A bucket: s3rver, which keeps objects, behind somebody who lets nothing through that is not signed and whole, as S3 does and s3rver
// does not. The signature is computed anew by AWS's own code.

import { createHash } from "node:crypto"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import http from "node:http"
import https from "node:https"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import sha256 from "@aws-crypto/sha256-js"
import { SignatureV4 } from "@smithy/signature-v4"

const S3rver = createRequire(import.meta.url)("s3rver")

export const region = "eu-test-1"
const accessKey = "S3RVER" // the one that s3rver knows
const badRequests = ["XAmzContentSHA256Mismatch", "InvalidRequest"]

export class Bucket {
  /** Of each request that was let through or not: {method, key, status}. */
  seen = []
  /** What becomes of a request: null is right, a number an error of that status, "cut" no answer. May change the body. */
  fate = () => null
  credentials = { accessKeyId: accessKey, secretAccessKey: "a-secret-that-nobody-prints" }

  /** `tls` is {key, cert}. */
  static async start({ tls = null } = {}) {
    const bucket = new Bucket()
    bucket.directory = mkdtempSync(join(tmpdir(), "foldback-bucket-"))
    const configureBuckets = [{ name: "archives" }]
    const options = { port: 0, address: "127.0.0.1", silent: true, directory: bucket.directory, configureBuckets }
    bucket.store = new S3rver(options)
    bucket.inner = (await bucket.store.run()).port
    bucket.tls = tls
    await bucket.open(0)
    return bucket
  }

  get endpoint() {
    return `${this.tls ? "https" : "http"}://127.0.0.1:${this.port}`
  }

  /** What the tools of S3 are told by. */
  get environment() {
    return {
      AWS_ACCESS_KEY_ID: this.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.credentials.secretAccessKey,
      AWS_REGION: region,
      AWS_ENDPOINT_URL_S3: this.endpoint,
    }
  }

  async open(port = this.port) {
    const handle = (request, response) => this.#handle(request, response).catch(() => response.destroy())
    this.server = this.tls ? https.createServer(this.tls, handle) : http.createServer(handle)
    await new Promise((resolve) => this.server.listen(port, "127.0.0.1", resolve))
    this.port = this.server.address().port
  }

  /** Nobody reaches it until it is opened again. */
  close() {
    this.server.closeAllConnections()
    return new Promise((resolve) => this.server.close(resolve))
  }

  async stop() {
    if (this.server.listening) await this.close()
    await this.store.close()
    rmSync(this.directory, { recursive: true, force: true })
  }

  async #handle(request, response) {
    const body = Buffer.concat(await request.toArray())
    const key = decodeURIComponent(request.url.split("?")[0].slice(1))
    const entry = { method: request.method, key, status: 0 }
    this.seen.push(entry)
    const fate = this.fate(request, key, body)
    if (fate === "cut") return response.destroy()
    const code = fate === 503 ? "SlowDown" : fate === null ? await this.#refusal(request, body) : "InternalError"
    if (code) {
      entry.status = typeof fate === "number" ? fate : badRequests.includes(code) ? 400 : 403
      response.writeHead(entry.status, { "content-type": "application/xml" })
      return response.end(`<?xml version="1.0"?>\n<Error><Code>${code}</Code></Error>`)
    }
    const answer = await this.#pass(request, body)
    entry.status = answer.statusCode
    response.writeHead(answer.statusCode, answer.headers)
    answer.pipe(response)
  }

  async #refusal(request, body) {
    const { headers } = request
    const digest = createHash("sha256").update(body).digest()
    if (headers["x-amz-content-sha256"] !== digest.toString("hex")) return "XAmzContentSHA256Mismatch"
    // As where objects are locked.
    const isBody = request.method === "PUT" && !headers["x-amz-copy-source"]
    if (isBody && headers["x-amz-checksum-sha256"] !== digest.toString("base64")) return "InvalidRequest"
    const [, key, names] = headers.authorization?.match(/Credential=([^/]*)\/.*SignedHeaders=([^,]*),/) ?? []
    if (key !== this.credentials.accessKeyId) return "InvalidAccessKeyId"
    const [hostname] = headers.host.split(":")
    const signed = Object.fromEntries(names.split(";").map((name) => [name, headers[name]]))
    const signer = new SignatureV4({
      service: "s3", region, credentials: this.credentials, sha256: sha256.Sha256, uriEscapePath: false, applyChecksum: true,
    })
    const [path] = request.url.split("?")
    const unsigned = { method: request.method, protocol: "http:", hostname, path, query: {}, headers: signed }
    const day = headers["x-amz-date"].replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z")
    const { headers: anew } = await signer.sign(unsigned, { signingDate: new Date(day) })
    const signature = (text) => text.match(/Signature=(\w{64})$/)?.[1]
    return signature(anew.authorization) === signature(headers.authorization) ? null : "SignatureDoesNotMatch"
  }

  #pass(request, body) {
    return new Promise((resolve, reject) => {
      const { method, url, headers } = request
      const inner = http.request({ host: "127.0.0.1", port: this.inner, method, path: url, headers, agent: false }, resolve)
      inner.on("error", reject)
      inner.end(body)
    })
  }

  /** Names of the objects below a prefix, without it, in order. */
  names(prefix) {
    return this.#objects(prefix).map(({ name }) => name)
  }

  /** The file that holds an object's bytes. */
  file(prefix, name) {
    return this.#objects(prefix).find((one) => one.name === name).file
  }

  #objects(prefix) {
    const suffix = "._S3rver_object"
    const directory = join(this.directory, "archives", prefix)
    let files = []
    try {
      files = readdirSync(directory)
    } catch {
      return []
    }
    return files.filter((file) => file.endsWith(suffix)).sort()
      .map((file) => ({ name: file.slice(0, -suffix.length), file: join(directory, file) }))
  }
}
