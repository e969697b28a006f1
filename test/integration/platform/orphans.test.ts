import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'

const built = (path: string): string => pathToFileURL(join(packageRoot(), 'dist', 'services', path)).href
const folder = mkdtempSync(join(tmpdir(), 'sluice-orphans-'))

const child = `
import { serveParent } from '${built('platform/process/serve-parent.js')}'
const parent = serveParent(() => {
  parent.send({ pid: process.pid })
  setImmediate(() => { for (;;); })
})
`
const parent = `
import { startComputingProcess } from '${built('platform/process/computing-process.js')}'
const computing = startComputingProcess({ entry: process.argv[2], onMessage: message => process.send(message) })
computing.send({})
`

let orphan: number | undefined
afterEach(() => {
  if (orphan !== undefined && isThere(orphan)) process.kill(orphan, 'SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

describe('a process that computes without end', () => {
  it('ends soon after its parent was killed', async () => {
    writeFileSync(join(folder, 'child.mjs'), child)
    writeFileSync(join(folder, 'parent.mjs'), parent)
    const started = fork(join(folder, 'parent.mjs'), [join(folder, 'child.mjs')], { execArgv: [] })
    const [{ pid }] = (await once(started, 'message')) as [{ readonly pid: number }]
    orphan = pid
    started.kill('SIGKILL')
    await expect.poll(() => isThere(pid), { timeout: 20_000 }).toBe(false)
  })
})

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
