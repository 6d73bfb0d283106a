// Builds each mutant in a copy of the tree and runs the test that must catch it. `node hunt.mjs [<part of a name>...]`

import {execFile, execFileSync, spawnSync} from 'node:child_process'
import {copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {mutants} from './mutants.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const copy = join(root, 'build/mutants/source')
const programs = join(copy, 'build/release/bin/tests')
const tried = join(root, 'build/mutants/tried')
const timeoutMs = 120_000

function copyTree() {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {cwd: root})
  for (const file of files.toString().split('\0')) {
    const from = join(root, file)
    if (file === '' || !existsSync(from)) continue
    const to = join(copy, file)
    // What did not change keeps its time, so that it is not compiled again.
    if (existsSync(to) && readFileSync(to).equals(readFileSync(from))) continue
    mkdirSync(dirname(to), {recursive: true})
    cpSync(from, to)
  }
}

function run(command, args, options = {}) {
  return spawnSync(command, args, {cwd: copy, encoding: 'utf8', maxBuffer: 1 << 28, ...options})
}

function build(targets) {
  const built = run('cmake', ['--build', '--preset', 'release', '--parallel', '--target', ...targets])
  if (built.status !== 0) throw new Error(`does not compile:\n${built.stdout.slice(-4000)}${built.stderr}`)
}

/** A copy of a program as it is built now, which the next mutant does not change. */
function keep(program, name) {
  const kept = join(tried, name)
  copyFileSync(join(programs, program), kept)
  return kept
}

/** Whether a test of that program fails. */
function fails(program, testCase) {
  // Commas separate filters.
  const filter = `--test-case=${testCase.replaceAll(',', '?')}`
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FOLDBACK_')))
  const options = {cwd: copy, env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 1 << 28}
  return new Promise((resolve, reject) => {
    execFile(program, [filter], options, (error, stdout) => {
      const ran = /test cases: *(\d+)/.exec(stdout)
      if (ran !== null && Number(ran[1]) !== 1) reject(new Error(`there is no test "${testCase}"`))
      else resolve(error !== null)
    })
  })
}

const failsWithout = new Map()

/** Whether the test fails without any planted bug, and proves nothing. */
function failsAnyway([program, testCase]) {
  const name = `${program} ${testCase}`
  if (!failsWithout.has(name)) failsWithout.set(name, fails(join(tried, program), testCase))
  return failsWithout.get(name)
}

/** A program with the bug in it. Throws why there can be none. */
function plant(mutant) {
  const path = join(copy, mutant.file)
  const original = readFileSync(path, 'utf8')
  if (original.split(mutant.from).length !== 2) throw new Error('the text to replace is not there once')
  try {
    writeFileSync(path, original.replace(mutant.from, () => mutant.to))
    build([mutant.caught[0]])
    return keep(mutant.caught[0], mutant.name)
  } finally {
    writeFileSync(path, original)
  }
}

/** What became of a mutant: 'caught', 'survived', or why it could not be tried. */
async function judge(mutant, program) {
  const [anyway, noticed] = await Promise.all([failsAnyway(mutant.caught), fails(program, mutant.caught[1])])
  rmSync(program)
  if (anyway) return 'undecided: the test fails without the bug'
  return noticed ? 'caught' : 'survived'
}

const wanted = process.argv.slice(2)
const chosen = mutants.filter(({name}) => wanted.length === 0 || wanted.some(part => name.includes(part)))
mkdirSync(copy, {recursive: true})
mkdirSync(tried, {recursive: true})
copyTree()
const configured = run('cmake', ['--preset', 'release'])
if (configured.status !== 0) throw new Error(configured.stderr)
const needed = [...new Set(chosen.map(({caught}) => caught[0]))]
build(needed)
for (const program of needed) keep(program, program)

const began = performance.now()
let caught = 0
let last = Promise.resolve()
for (const mutant of chosen) {
  const tell = fate => {
    if (fate === 'caught') ++caught
    console.log(`${mutant.name.padEnd(32)}${fate} by ${mutant.caught[0]} "${mutant.caught[1]}"`)
  }
  try {
    const program = plant(mutant)
    // One is tried while the next is built.
    await last
    last = judge(mutant, program).catch(error => error.message).then(tell)
  } catch (error) {
    await last
    tell(error.message)
  }
}
await last
console.log(`${chosen.length} planted bugs in ${((performance.now() - began) / 1000).toFixed(0)} s`)
console.log(`${caught} passed, ${chosen.length - caught} failed`)
process.exit(caught === chosen.length && chosen.length > 0 ? 0 : 1)
