import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'

/** What figures are taken on, and how busy it was when it was looked at. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 1024 ** 3),
    system: `Linux ${release()}`,
    node: process.version,
    redis: versionOf('redis-server', /v=([\d.]+)/u),
    loadBefore: Number(loadavg()[0].toFixed(2)),
  }
}

function versionOf(command, pattern) {
  try {
    return pattern.exec(execFileSync(command, ['--version'], { encoding: 'utf8' }))?.[1] ?? ''
  } catch {
    return 'none on PATH'
  }
}
