import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { freePort } from '#services/cli/system/private-redis'
import { echoConfig } from '../../support/echo-config.ts'
import { runOnScreen, screenMissing, type OnScreen } from '../../support/gateways/pseudo-terminal.ts'
import { runCli } from '../../support/run-cli.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-terminal-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Place {
  readonly file: string
  readonly address: string
  readonly logFile: string
  readonly environment: Readonly<Record<string, string>>
}

/** A configuration on free ports, with a state folder of its own. */
async function placeOf(more: object = {}): Promise<Place> {
  const address = `127.0.0.1:${await freePort()}`
  const config = {
    ...echoConfig(),
    log: { level: 'info' },
    ...more,
    listen: { grpc: address, ops: `127.0.0.1:${await freePort()}` },
  }
  const file = join(folder, `${address.replace(':', '-')}.yaml`)
  writeFileSync(file, JSON.stringify(config))
  const environment = { XDG_STATE_HOME: join(folder, 'state'), REDIS_URL: '', SLUICE_CONFIG: '', SLUICE_SET: '' }
  return {
    file,
    address,
    logFile: join(folder, 'state', 'sluice', address.replace(':', '-'), 'sluice.log'),
    environment,
  }
}

describe.skipIf(screenMissing !== undefined)('sluice up on a screen', () => {
  let screen: OnScreen | undefined

  it('shows what a person needs, keeps the rest in a file that it names, and ends at Ctrl-C', async () => {
    const { file, address, logFile, environment } = await placeOf({ log: { level: 'info', requests: true } })
    screen = runOnScreen(['up', '--config', file], environment)
    try {
      await screen.until(/stop {3}Ctrl-C/u)
      const lines = screen.shown().split(/[\n\r]/u)
      expect(lines.filter(line => line.startsWith('{'))).toEqual([])
      expect(screen.shown()).not.toMatch(/oO0OoO0Oo|is ready|model loaded|Warning:/u)
      expect(screen.shown()).toContain(`gRPC   ${address}`)
      expect(screen.shown()).toContain(`log    ${logFile}`)
      expect(screen.shown()).toMatch(/try {4}node \S*sluice\.js infer --task generate /u)
      expect(lines.filter(line => line.trim() !== '').length).toBeLessThan(15)
      await runCli(['infer', '--address', address, '--task', 'generate', 'hello'])
      await screen.until(/generate answered {2}echo-small {2}\d+ ms {2}\$0\.0/u)
      screen.type('\u0003')
      expect(await screen.exited).toBe(0)
      const log = readFileSync(logFile, 'utf8')
      expect(log).toMatch(/^\{.*"msg":"router is ready"\}$/mu)
      expect(log).toMatch(/^\S+Z redis: /mu)
      expect(statSync(logFile).mode & 0o077).toBe(0)
    } finally {
      screen.kill()
    }
  })

  it('tells why it cannot start, and the name of the log', async () => {
    const { file, logFile, environment } = await placeOf()
    const config = JSON.parse(readFileSync(file, 'utf8')) as { listen: object }
    const tls = { certificate: 'none.pem', key: 'none.pem' }
    writeFileSync(file, JSON.stringify({ ...config, listen: { ...config.listen, tls } }))
    screen = runOnScreen(['up', '--config', file], environment)
    try {
      expect(await screen.exited).toBe(2)
      expect(screen.shown()).toMatch(/Config: router: .*none\.pem/u)
      expect(screen.shown()).toContain(`the log is in ${logFile}`)
      expect(screen.shown()).not.toMatch(/^\{/mu)
    } finally {
      screen.kill()
    }
  })

  it('asks what should stand behind it, and takes no for an answer that makes no sense', async () => {
    const file = join(folder, 'asked.yaml')
    screen = runOnScreen(['config', 'init', file])
    try {
      await screen.until(/1, 2 or 3 \[1\]: /u)
      screen.type('7\n')
      await screen.until(/1, 2 or 3 \[1\]: [^]*1, 2 or 3 \[1\]: /u)
      screen.type('2\n')
      await screen.until(/Address of the server \[[^\]]*\]: /u)
      screen.type('nonsense\n')
      await screen.until(/an address such as/u)
      screen.type('http://10.0.0.9:8000\n')
      await screen.until(/Name of its model[^[]*\[[^\]]*\]: /u)
      screen.type('qwen\n')
      await screen.until(/Environment variable[^[]*\[[^\]]*\]: /u)
      screen.type('\n')
      expect(await screen.exited).toBe(0)
      expect(readFileSync(file, 'utf8')).toContain('baseUrl: "http://10.0.0.9:8000/v1"')
      expect((await runCli(['config', 'check', file])).code).toBe(0)
    } finally {
      screen.kill()
    }
  })
})

describe('sluice up for a program', () => {
  it('writes lines of JSON to standard error, and nothing else', async () => {
    const { file, environment } = await placeOf()
    const up = spawn(process.execPath, [join(packageRoot(), 'bin', 'sluice.js'), 'up', '--json', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    })
    let stdout = ''
    let stderr = ''
    up.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()))
    const exited = new Promise(resolve => up.once('close', resolve))
    await new Promise<void>((resolve, reject) => {
      up.stdout.on('data', (piece: Buffer) => {
        stdout += piece.toString()
        if (stdout.includes('\n')) resolve()
      })
      void exited.then(code => reject(new Error(`it ended with ${String(code)}: ${stderr}`)))
    })
    up.kill('SIGTERM')
    await exited
    expect(JSON.parse(stdout)).toMatchObject({ ready: true, log: expect.stringContaining('sluice.log') as string })
    const lines = stderr.split('\n').filter(line => line !== '')
    expect(lines.length).toBeGreaterThan(2)
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('msg')
  })

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }
    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
  })
})
