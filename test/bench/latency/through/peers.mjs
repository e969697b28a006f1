import { execFileSync, fork, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../../dist/services/cli/system/private-redis.js'

const children = []
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Starts a module of this folder in a process of its own; gives its port and process id. */
export async function startServer(name, parameters = []) {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), parameters)
  children.push(child)
  const port = await new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', code => reject(new Error(`${name} ended with ${code}`)))
  })
  return { port, pid: child.pid, stop: () => child.kill('SIGKILL') }
}

const version = '1.15.2'
/** Without these every stream through it is a 500. */
const overrides = { hono: '4.9.7', '@hono/node-server': '1.13.5' }

/**
 * Starts Portkey's gateway; `undefined` where it cannot be had. It is a peer to measure against and no part of what
 * users install, so it is fetched by npm into a folder beside the model packs, once.
 */
export async function startPortkey(report) {
  const folder = join(homedir(), '.cache', 'sluice', 'peers', `portkey-${version}`)
  const main = join(folder, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js')
  if (!existsSync(main)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, overrides }))
    try {
      const parameters = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `@portkey-ai/gateway@${version}`]
      execFileSync('npm', parameters, { cwd: folder, stdio: 'ignore' })
    } catch {
      report('Portkey could not be fetched, so there is nothing to measure against')
      return undefined
    }
  }
  const port = await freePort()
  const child = spawn(process.execPath, [main, `--port=${port}`, '--headless'], { stdio: 'ignore' })
  children.push(child)
  for (let tries = 0; tries < 100; tries += 1) {
    if (await answers(port)) return { port, pid: child.pid, stop: () => child.kill('SIGKILL') }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  report('Portkey did not come up')
  return undefined
}

async function answers(port) {
  try {
    await fetch(`http://127.0.0.1:${port}/`)
    return true
  } catch {
    return false
  }
}
