// Builds each mutant in a copy of the tree and runs the test that must catch it. `node hunt.mjs [<part of a name>...]`

import {execFileSync, spawnSync} from 'node:child_process'
import {cpSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {dirname, join, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import {mutants} from './mutants.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const copy = join(root, 'build/mutants/source')
const programs = join(copy, 'build/release/bin/tests')
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

/** Whether a test fails. */
function fails([program, testCase]) {
  // Commas separate filters.
  const filter = `--test-case=${testCase.replaceAll(',', '?')}`
  const tested = run(join(programs, program), [filter], {timeout: timeoutMs, killSignal: 'SIGKILL'})
  const ran = /test cases: *(\d+)/.exec(tested.stdout)
  if (ran !== null && Number(ran[1]) !== 1) throw new Error(`${program} has no test "${testCase}"`)
  return tested.status !== 0
}

const failsWithout = new Map()

/** Whether the test fails without any planted bug, and proves nothing. */
function failsAnyway(test) {
  const name = test.join(' ')
  if (!failsWithout.has(name)) {
    build([test[0]])
    failsWithout.set(name, fails(test))
  }
  return failsWithout.get(name)
}

/** What became of a mutant: 'caught', 'survived', or why it could not be tried. */
function hunt(mutant) {
  const path = join(copy, mutant.file)
  const original = readFileSync(path, 'utf8')
  if (original.split(mutant.from).length !== 2) return 'the text to replace is not there once'
  try {
    if (failsAnyway(mutant.caught)) return 'undecided: the test fails without the bug'
    writeFileSync(path, original.replace(mutant.from, () => mutant.to))
    build([mutant.caught[0]])
    return fails(mutant.caught) ? 'caught' : 'survived'
  } catch (error) {
    return error.message
  } finally {
    writeFileSync(path, original)
  }
}

const wanted = process.argv.slice(2)
const chosen = mutants.filter(({name}) => wanted.length === 0 || wanted.some(part => name.includes(part)))
mkdirSync(copy, {recursive: true})
copyTree()
const configured = run('cmake', ['--preset', 'release'])
if (configured.status !== 0) throw new Error(configured.stderr)
build([...new Set(chosen.map(({caught}) => caught[0]))])

let caught = 0
for (const mutant of chosen) {
  const began = Date.now()
  const fate = hunt(mutant)
  if (fate === 'caught') ++caught
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  console.log(`${mutant.name.padEnd(32)}${fate} by ${mutant.caught[0]} "${mutant.caught[1]}" (${seconds} s)`)
}
console.log(`${caught} passed, ${chosen.length - caught} failed`)
process.exit(caught === chosen.length && chosen.length > 0 ? 0 : 1)
