// Generates the types of the protos, compiles services/ into dist/, only what changed, copies the Lua scripts beside
// the code that reads them, and gives the chart its files.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fillChart } from './chart-files.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

const generated = spawnSync(process.execPath, [join(root, 'scripts', 'generate.mjs')], { cwd: root, stdio: 'inherit' })
if (generated.status !== 0) process.exit(generated.status ?? 1)

// Without the output, what the compiler remembers of it would make it write nothing.
if (!existsSync(join(root, 'dist', 'services'))) rmSync(join(root, 'dist', '.tsbuildinfo'), { force: true })
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
// The context of the image has no clients.
const client = existsSync(join(root, 'clients', 'typescript')) ? compileClient() : 0
cpSync(join(root, 'services'), join(root, 'dist', 'services'), {
  recursive: true,
  filter: path => !/\.[a-z]+$/u.test(path) || /\.(?:lua|html|css|js|svg)$/u.test(path),
})
copyConsoleLibraries()
// The context of the image has no chart.
if (existsSync(join(root, 'deploy', 'helm'))) fillChart(root)
process.exitCode = (status ?? 1) || client

function compileClient() {
  const folder = join(root, 'clients', 'typescript')
  if (!existsSync(join(folder, 'dist', 'main.js'))) rmSync(join(folder, '.tsbuildinfo'), { force: true })
  const compiled = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.json'], { cwd: folder, stdio: 'inherit' })
  return compiled.status ?? 1
}

/**
 * The console's two libraries, beside its page: a browser finds modules by their addresses, so the one name that they
 * import each other by becomes one.
 */
function copyConsoleLibraries() {
  const { resolve } = createRequire(import.meta.url)
  const folder = join(root, 'dist', 'services', 'console', 'libraries')
  mkdirSync(folder, { recursive: true })
  for (const [name, file] of [
    ['preact', join(dirname(resolve('preact/package.json')), 'dist', 'preact.mjs')],
    ['hooks', join(dirname(resolve('preact/package.json')), 'hooks', 'dist', 'hooks.mjs')],
    ['htm', join(dirname(resolve('htm')), 'htm.module.js')],
  ]) {
    const text = readFileSync(file, 'utf8').replace(/from"preact"/u, 'from"./preact.js"')
    writeFileSync(join(folder, `${name}.js`), text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/u, '\n'))
  }
}
