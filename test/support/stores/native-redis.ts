import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Names under which a server that the tests can run is installed. */
const programs = ['redis-server', 'valkey-server']

/**
 * A redis-server or valkey-server on PATH, else one of Debian's packages unpacked into a cache; `undefined` where
 * neither can be had.
 */
export function findNativeRedis(): string | undefined {
  return onPath() ?? fetched(cacheFolder()) ?? fetchFromDebian(cacheFolder())
}

function cacheFolder(): string {
  return join(process.env['SLUICE_CACHE'] ?? join(homedir(), '.cache', 'sluice'), 'native-redis')
}

function onPath(): string | undefined {
  const places = (process.env['PATH'] ?? '').split(delimiter).filter(folder => folder !== '')
  return programs.flatMap(name => places.map(folder => join(folder, name))).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    // Not there, or not ours to run.
    return false
  }
}

/** The unpacked server, behind a script that shows it the libraries beside it. */
function fetched(folder: string): string | undefined {
  const script = join(folder, 'redis-server')
  return isExecutable(script) ? script : undefined
}

/** Unpacks Debian's server and the libraries it needs, which asks for no root: nothing is installed. */
function fetchFromDebian(folder: string): string | undefined {
  if (spawnSync('apt-get', ['--version']).status !== 0 || spawnSync('dpkg-deb', ['--version']).status !== 0)
    return undefined
  const lists = join(folder, 'apt', 'lists', 'partial')
  const archives = join(folder, 'apt', 'archives', 'partial')
  const packages = join(folder, 'packages')
  for (const made of [lists, archives, packages]) mkdirSync(made, { recursive: true })
  const settings = [
    ['-o', `Dir::State::lists=${join(folder, 'apt', 'lists')}`],
    ['-o', `Dir::Cache=${join(folder, 'apt')}`],
    ['-o', `Dir::Cache::archives=${join(folder, 'apt', 'archives')}`],
    ['-o', 'Debug::NoLocking=1'],
  ].flat()
  const run = (command: string, parameters: readonly string[]): boolean =>
    spawnSync(command, [...parameters], { cwd: packages, stdio: 'ignore', timeout: 120_000 }).status === 0
  const wanted = [
    'redis-server',
    'redis-tools',
    'libjemalloc2',
    'liblua5.1-0',
    'liblzf1',
    'lua-bitop',
    'lua-cjson',
    'libatomic1',
  ]
  if (!run('apt-get', [...settings, 'update']) || !run('apt-get', [...settings, 'download', ...wanted]))
    return undefined
  for (const file of readdirSync(packages)) run('dpkg-deb', ['-x', file, join(folder, 'root')])
  return writeScript(folder)
}

function writeScript(folder: string): string | undefined {
  const root = join(folder, 'root')
  const server = join(root, 'usr', 'bin', 'redis-check-rdb')
  if (!existsSync(server)) return undefined
  const script = join(folder, 'redis-server')
  const made = spawnSync('sh', ['-c', launcher, 'sh', script], { env: { ...process.env, ROOT: root } })
  return made.status === 0 && spawnSync(script, ['--version']).status === 0 ? script : undefined
}

/** Debian's redis-server is a link to redis-check-rdb: one program that looks at the name it is called by. */
const launcher = [
  'lib=$(dirname "$(find "$ROOT/usr/lib" -name "liblua5.1.so.0" | head -n 1)")',
  'printf \'#!/bin/bash\\nexport LD_LIBRARY_PATH=%q\\nexec -a redis-server %q "$@"\\n\' "$lib" "$ROOT/usr/bin/redis-check-rdb" > "$1"',
  'chmod 755 "$1"',
].join('\n')
