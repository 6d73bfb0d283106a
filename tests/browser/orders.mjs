// The order service itself, over a seeded past, and what is done with the test that its debugger exports.

import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { createInterface } from "node:readline"
import { promisify } from "node:util"
import { spawnOwned } from "../harness/server.mjs"

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, "../..")
const built = process.env.ORDERS_BUILD

/** `orders serve` on a free port; its past ends on a day long ago and is always the same. */
export async function startShop({ bug = false, access } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "foldback-browser-"))
  const data = path.join(folder, "data")
  const program = path.join(built, "bin/orders")
  await run(program, ["seed", "--orders", "200", "--days", "20", "--seed", "1", "--until", "2025-06-01", "--data", data, "--quiet"])
  const flags = bug ? ["--with-bug"] : []
  if (access) {
    await writeFile(path.join(folder, "access.json"), JSON.stringify(access))
    flags.push("--access", path.join(folder, "access.json"))
  }
  const child = spawnOwned(program, ["serve", "--listen", "127.0.0.1:0", "--data", data, ...flags],
    { stdio: ["ignore", "pipe", "inherit"] })
  const url = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = /shop floor +(http:\S+)\/$/.exec(line)
      if (found) resolve(found[1])
    })
    child.once("exit", (code) => reject(new Error(`orders ended with ${code}`)))
  })
  const ended = new Promise((resolve) => child.once("exit", resolve))
  return { url, folder, stop: async () => {
    child.kill("SIGTERM")
    await ended
    await rm(folder, { recursive: true, force: true })
  } }
}

const includes = ["framework/include", "server/include", "examples/orders"].flatMap((folder) => ["-I", path.join(root, folder)])
const libraries = [
  ...["examples/orders/liborders_program.a", "examples/orders/liborders_service.a", "examples/orders/liborders_domain.a",
    "server/libfoldback_server.a", "framework/libfoldback_framework.a", "framework/libfoldback_store.a", "framework/libfoldback_core.a"].map((name) => path.join(built, name)),
  "-lSQLiteCpp", "-lsqlite3", "-lsimdjson", "-lisal", "-pthread"]
const compiler = process.env.CXX ?? "g++"
const compile = (source, object, ...options) => run(compiler, ["-std=c++20", ...includes, ...options, "-c", source, "-o", object])

/** Compiles an exported test against the built tree and runs it with both reducers: {faulty, sound}, each {passed, output}. */
export async function runExportedTest(source, folder) {
  const at = (name) => path.join(folder, name)
  const host = path.join(import.meta.dirname, "exported_test_host.cpp")
  const reducers = ["faulty", "sound"]
  await Promise.all([compile(source, at("history_test.o")),
    ...reducers.map((reducer) => compile(host, at(`${reducer}.o`), `-DREDUCER=${reducer}`))])
  const outcomes = await Promise.all(reducers.map(async (reducer) => {
    await run(compiler, [at(`${reducer}.o`), at("history_test.o"), "-o", at(reducer), ...libraries])
    const ended = await run(at(reducer), []).then(({ stdout }) => ({ passed: true, output: stdout }), ({ stdout }) => ({ passed: false, output: stdout }))
    return [reducer, ended]
  }))
  return Object.fromEntries(outcomes)
}
