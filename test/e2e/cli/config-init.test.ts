import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig, packageRoot } from '#services/config/load-config'
import { freePort } from '#services/cli/system/private-redis'
import { startOpenaiServer, type OpenaiServer } from '../../support/openai-server.ts'
import { runCli } from '../../support/run-cli.ts'

let folder: string
let small: OpenaiServer
let large: OpenaiServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-init-'))
  ;[small, large] = await Promise.all([startOpenaiServer(), startOpenaiServer()])
})

afterAll(async () => {
  await Promise.all([small?.close(), large?.close()])
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a whole system on a file for as long as `use` takes. */
async function withSystem<T>(file: string, use: (address: string) => Promise<T>): Promise<T> {
  const address = `127.0.0.1:${await freePort()}`
  const system = spawn(process.execPath, [join(packageRoot(), 'bin', 'sluice.js'), 'up', '--json', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      XDG_STATE_HOME: join(folder, 'state'),
      REDIS_URL: '',
      SLUICE_SET: `listen.grpc=${address} listen.ops=127.0.0.1:${await freePort()}`,
    },
  })
  const exited = new Promise(resolve => system.once('exit', resolve))
  try {
    let written = ''
    await new Promise<void>((resolve, reject) => {
      for (const stream of [system.stdout, system.stderr]) {
        stream.on('data', (piece: Buffer) => {
          written += piece.toString()
          if (written.includes('"ready":true')) resolve()
        })
      }
      void exited.then(code => reject(new Error(`it ended with ${String(code)}:\n${written}`)))
    })
    return await use(address)
  } finally {
    system.kill('SIGTERM')
    await exited
  }
}

describe('sluice config init', () => {
  it('writes settings over those that are shipped', async () => {
    const file = join(folder, 'local.yaml')
    expect((await runCli(['config', 'init', file, '--template', 'local'])).code).toBe(0)
    expect((await runCli(['config', 'check', file])).code).toBe(0)
    expect(loadConfig(file).config).toEqual(loadConfig(join(packageRoot(), 'deploy/config/sluice.yaml')).config)
  })

  it('writes a system in front of one server, which answers', async () => {
    const file = join(folder, 'server.yaml')
    const written = await runCli([
      'config',
      'init',
      file,
      '--template',
      'server',
      '--url',
      small.baseUrl,
      '--model',
      'served: "x"',
    ])
    expect(written).toMatchObject({ code: 0, stderr: '' })
    expect((await runCli(['config', 'check', file])).code).toBe(0)
    await withSystem(file, async address => {
      const { stdout } = await runCli(['infer', '--json', '--address', address, '--task', 'generate', 'hello'])
      expect(JSON.parse(stdout)).toMatchObject({ model: 'chat', output: { text: 'echo: hello' } })
    })
    expect(small.requests.at(-1)?.model).toBe('served: "x"')
  })

  it('writes a ladder of two servers within a budget, which escalates and counts', async () => {
    const file = join(folder, 'new', 'two.yaml')
    const servers = ['--url', small.baseUrl, '--model', 's', '--large-url', large.baseUrl, '--large-model', 'l']
    const written = await runCli([
      'config',
      'init',
      file,
      '--template',
      'two-servers',
      ...servers,
      '--per-day-usd',
      '2',
    ])
    expect(written).toMatchObject({ code: 0, stderr: '' })
    expect((await runCli(['config', 'check', file])).code).toBe(0)
    await withSystem(file, async address => {
      const ask = async (text: string): Promise<unknown> =>
        JSON.parse((await runCli(['infer', '--json', '--address', address, '--task', 'generate', text])).stdout)
      expect(await ask('one two')).toMatchObject({ model: 'small-chat' })
      expect(await ask('word '.repeat(25))).toMatchObject({ model: 'large-chat' })
      const { stdout } = await runCli(['budget', '--json', '--address', address])
      const { budgets } = JSON.parse(stdout) as { budgets: { limitNanoUsd?: number; spentNanoUsd: number }[] }
      const day = budgets.find(({ limitNanoUsd }) => limitNanoUsd === 2e9)
      expect(day?.spentNanoUsd).toBeGreaterThan(0)
    })
  })

  it('writes over nothing unless it is told to', async () => {
    const file = join(folder, 'mine.yaml')
    writeFileSync(file, 'mine')
    const refused = await runCli(['config', 'init', file, '--template', 'local'])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('--force')
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect((await runCli(['config', 'init', file, '--template', 'local', '--force'])).code).toBe(0)
    expect((await runCli(['config', 'check', file])).code).toBe(0)
  })

  it.each([
    [[], '--template'],
    [['--template', 'server', '--url', 'localhost'], '--url'],
    [['--template', 'server', '--url', 'http://me:secret@h/v1'], '--url'],
    [['--template', 'two-servers', '--per-day-usd', '0'], '--per-day-usd'],
    [['--template', 'server', '--key-variable', 'sk-123'], '--key-variable'],
  ])('refuses %j and names %s', async (options, named) => {
    const { code, stderr } = await runCli(['config', 'init', join(folder, 'none.yaml'), ...options])
    expect(code).toBe(2)
    expect(stderr).toContain(named)
    expect(stderr).not.toContain('secret')
  })
})
