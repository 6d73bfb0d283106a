import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "node:test"
import { fileURLToPath } from "node:url"
import { foldback } from "./operated.mjs"

const root = join(dirname(fileURLToPath(import.meta.url)), "../..")
const unit = join(root, "packaging/systemd/foldback.service")

/** What the service must not be able to do; systemd's names. */
const SANDBOX = `
  DynamicUser=yes StateDirectory=foldback UMask=0077 NoNewPrivileges=yes ProtectSystem=strict ProtectHome=yes PrivateTmp=yes
  PrivateDevices=yes ProtectKernelTunables=yes ProtectKernelModules=yes ProtectKernelLogs=yes ProtectControlGroups=yes
  ProtectClock=yes ProtectProc=invisible RestrictNamespaces=yes RestrictRealtime=yes LockPersonality=yes
  MemoryDenyWriteExecute=yes SystemCallArchitectures=native CapabilityBoundingSet= LimitCORE=0 LimitNOFILE=65536
  Restart=on-failure TimeoutStopSec=15 Type=notify`

test("the systemd unit confines the service, and systemd agrees where it is installed", () => {
  const lines = new Set(readFileSync(unit, "utf8").split("\n"))
  for (const line of SANDBOX.split(/\s+/).filter(Boolean)) assert.ok(lines.has(line), line)
  assert.ok(lines.has("RestartPreventExitStatus=73 78"))

  const judged = spawnSync("systemd-analyze", ["security", "--offline=yes", "--no-pager", unit], { encoding: "utf8" })
  if (judged.status !== 0) return // no systemd, or an older one: the list above is what there is
  const exposure = Number(judged.stdout.match(/Overall exposure level for foldback\.service: ([0-9.]+)/)[1])
  assert.ok(exposure <= 2.0, `exposure ${exposure}`)
})

test("the settings that the packages use are settings", () => {
  const { stdout } = foldback("config", "show", "--json")
  const known = JSON.parse(stdout)
  const used = [
    ...readFileSync(unit, "utf8").matchAll(/^Environment=FOLDBACK_([A-Z_]+)=/gm),
    ...readFileSync(join(root, "packaging/docker/Dockerfile"), "utf8").matchAll(/\bFOLDBACK_([A-Z_]+)=/g),
  ].map((match) => match[1].toLowerCase().replaceAll("_", "-"))
  const keys = [...readFileSync(join(root, "packaging/systemd/foldback.toml"), "utf8").matchAll(/^#? ?([a-z-]+) = /gm)]
  assert.ok(used.length >= 4 && keys.length >= 2)
  for (const name of [...used, ...keys.map((match) => match[1])]) assert.ok(known[name], name)
})

test("the manual page is one that man can show", () => {
  const { status, stdout } = foldback("reference", "--man")
  assert.equal(status, 0)
  assert.match(stdout, /^\.TH FOLDBACK 1/)
  for (const verb of ["serve", "backup", "restore", "truncate", "check-config"]) {
    assert.ok(stdout.includes(`.SS foldback ${verb.replaceAll("-", "\\-")}`), verb)
  }
  const shown = spawnSync("groff", ["-Kutf8", "-man", "-Tutf8", "-ww"], { input: stdout, encoding: "utf8" })
  if (shown.status === 0) assert.equal(shown.stderr, "")
})
