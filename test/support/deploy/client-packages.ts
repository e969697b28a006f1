import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where packages of others are kept between runs. */
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice', 'clients')

/** A folder of the cache that `fill` fills once; what it holds is told by `key`. */
function cached(name: string, key: unknown, fill: (folder: string) => void): string {
  const digest = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 12)
  const folder = join(cache, `${name}-${digest}`)
  const done = join(folder, '.whole')
  if (existsSync(done)) return folder
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  fill(folder)
  writeFileSync(done, '')
  return folder
}

/** A Python that the packages can run on; `undefined` where there is none. */
export const python = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3'].find(
  name => spawnSync(name, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))']).status === 0,
)

/** The `bin` folder of a virtual environment with these packages, each pinned as `name==version`. */
export function pythonPackages(name: string, requirements: readonly string[]): string {
  if (python === undefined) throw new Error('there is no Python of 3.10 or newer')
  const folder = cached(`python-${name}`, [python, requirements], target => {
    execFileSync(python, ['-m', 'venv', target])
    const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements]
    execFileSync(join(target, 'bin', 'python'), words, { stdio: ['ignore', 'ignore', 'pipe'] })
  })
  return join(folder, 'bin')
}

/** A folder in whose `node_modules` these packages are, each at its exact version; no script of theirs is run. */
export function nodePackages(name: string, versions: Readonly<Record<string, string>>): string {
  return cached(`node-${name}`, versions, target => {
    writeFileSync(join(target, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    const wanted = Object.entries(versions).map(([known, version]) => `${known}@${version}`)
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--save-exact']
    execFileSync('npm', ['install', ...flags, ...wanted], { cwd: target, stdio: ['ignore', 'ignore', 'pipe'] })
  })
}

/** Whether there is a Go, which fetches the version that a module asks for. */
export const hasGo = spawnSync('go', ['version']).status === 0

/** A program in Go, built of the module in a folder, whose versions its `go.sum` holds. */
export function goProgram(name: string, from: string): string {
  const sources = ['go.mod', 'go.sum', 'main.go'].map(file => [file, readFileSync(join(from, file), 'utf8')] as const)
  const folder = cached(`go-${name}`, sources, target => {
    for (const [file, text] of sources) writeFileSync(join(target, file), text)
    execFileSync('go', ['build', '-o', 'program', '.'], { cwd: target, stdio: ['ignore', 'ignore', 'pipe'] })
  })
  return join(folder, 'program')
}

/** What a program came to. */
export interface Ran {
  readonly code: number | null
  /** What it wrote to either of its streams, in order. */
  readonly output: string
}

/** Runs a program beside the test, so that what it talks to can be in the test's own process. */
export function runProgram(
  command: string,
  words: readonly string[],
  { cwd, environment = {} }: { readonly cwd: string; readonly environment?: Readonly<Record<string, string>> },
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      cwd,
      // Some read where they are from it.
      env: { ...process.env, PWD: cwd, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => (output += piece.toString()))
    child.once('error', reject)
    child.once('close', code => resolve({ code, output }))
  })
}
