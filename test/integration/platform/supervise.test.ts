import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { supervise } from '#services/cli/system/supervise'

/** A service that starts a process which hears nothing, as a model inside a native run does, and tells both ids. */
const service = `
  const child = require('node:child_process').spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
  console.log('pids', process.pid, child.pid)
  console.log('ready')
  setInterval(() => {}, 1000)`

/** Dead, or dead and not yet buried: in a container nobody may bury orphans. */
function isDead(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === true
  } catch {
    return true
  }
}

it('ends what a killed service leaves computing', { timeout: 60_000 }, async () => {
  const pids: number[] = []
  const restarted = new EventTarget()
  const supervised = supervise(
    { name: 'service', command: process.execPath, parameters: ['-e', service], ready: 'line' },
    {
      onLine: (_name, line) => void pids.push(...(line.match(/\d+/gu) ?? []).map(Number)),
      onRestart: () => restarted.dispatchEvent(new Event('restart')),
    },
  )
  try {
    await supervised.ready
    const [leader = 0, computing = 0] = pids
    expect([isDead(leader), isDead(computing)]).toEqual([false, false])
    const again = once(restarted, 'restart')
    process.kill(leader, 'SIGKILL')
    await again
    await expect.poll(() => isDead(computing)).toBe(true)
  } finally {
    await supervised.stop(0)
  }
})
