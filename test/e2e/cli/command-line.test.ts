import { Metadata, type ServiceError } from '@grpc/grpc-js'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import type { GetBudgetResponse__Output } from '#services/wire/generated/sluice/v1/GetBudgetResponse'
import { freePort } from '#services/cli/system/private-redis'
import { echoConfig } from '../../support/echo-config.ts'
import { createTestGateway, until, type TestGateway } from '../../support/gateway.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { connect, type TestClient } from '../../support/processes.ts'
import { runCli } from '../../support/run-cli.ts'

let redis: PrivateRedis
let gateway: TestGateway
let client: TestClient
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-line-'))
  redis = await startPrivateRedis()
  const config = echoConfig()
  // An echo that reads pictures too, so that many of them can be asked without weights.
  const models = config['models'] as Record<string, { tasks: string[]; modalities: string[] }>
  for (const model of Object.values(models)) {
    model.tasks = [...model.tasks, 'ocr', 'transcribe']
    model.modalities = [...model.modalities, 'audio']
  }
  const transcribe = { task: 'transcribe', modalities: ['audio'], rungs: ['echo-small'] }
  const ladders = {
    transcribe,
    ...(config['ladders'] as object),
    ocr: { task: 'ocr', modalities: ['image'], rungs: ['echo-small'] },
  }
  const auth = { ...(config['auth'] as object), anonymousScopes: ['infer'] }
  gateway = await createTestGateway({ ...config, models, ladders, auth }, redis.url)
  await Promise.all([gateway.startRouter(), gateway.startWorker('small'), gateway.startWorker('large')])
  await until(
    'both workers',
    () => gateway.client.listModels(),
    ({ models: live }) => live.every(model => (model.state?.workers ?? 0) > 0),
  )
  client = connect(gateway.address)
})

afterAll(async () => {
  client?.close()
  await gateway?.stop()
  await redis?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const sluice = (...words: readonly string[]): ReturnType<typeof runCli> =>
  runCli([...words, '--address', gateway.address])
const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)

describe('many at once', () => {
  it('reads many pictures in their order, tells of one that is not there, and ends with 1 for it', async () => {
    const pictures = join(folder, 'pictures')
    mkdirSync(pictures)
    const names = Array.from({ length: 9 }, (_, index) => join(pictures, `${index}.png`))
    const blank = { width: 8, height: 8, channels: 3, background: { r: 1, g: 2, b: 3 } } as const
    await Promise.all(names.map(name => sharp({ create: blank }).png().toFile(name)))
    const files = [...names.slice(0, 4), join(folder, 'none.png'), ...names.slice(4)]
    const { code, stdout, stderr } = await sluice('infer', '--json', '--concurrency', '3', '--ocr', ...files)
    const lines = jsonLines(stdout)
    expect(lines.map(line => line['id'])).toEqual(files)
    expect(lines[4]).toMatchObject({ error: { code: 'usage', message: expect.stringContaining('none.png') as string } })
    expect(lines.filter(line => 'response' in line)).toHaveLength(9)
    expect(code).toBe(1)
    expect(stderr).toBe('')
    const shown = await sluice('infer', '--ocr', ...names.slice(0, 2))
    expect(shown.code).toBe(0)
    expect(shown.stdout).toContain(`${names[1]}  echo-small · `)
    expect(shown.stderr).toMatch(/2 of 2 answered for \$0\.\d+ in /u)
  })

  it('answers rows of JSON in their order, from a file and from standard input, faulty ones too', async () => {
    const file = join(folder, 'rows.jsonl')
    const rows = [
      { id: 'a', task: 'generate', text: 'one' },
      'no json',
      { id: 'c', text: 'three', tasc: 'generate' },
      { text: 'four' },
      { id: 'e', task: 'generate', text: 'delay=300 five' },
      { id: 6, task: 'generate', image: 'none.png' },
      { id: 'g', task: 'generate', text: 'seven', maxCostUsd: 0.000000001 },
      { id: 'h', text: 'eight', deadlineSeconds: 0, labels: 'a' },
    ]
    writeFileSync(file, rows.map(row => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'))
    const out = join(folder, 'answers.jsonl')
    const written = await sluice('infer', '--task', 'generate', '--jsonl', file, '--out', out)
    expect(written).toMatchObject({ code: 1, stdout: '' })
    const answers = jsonLines(readFileSync(out, 'utf8'))
    expect(answers.map(({ id }) => id)).toEqual(['a', 2, 'c', 4, 'e', 6, 'g', 'h'])
    expect(
      answers.map(answer => ('error' in answer ? (answer['error'] as { code: string }).code : answer['answer'])),
    ).toEqual(['one', 'usage', 'usage', 'four', 'delay=300 five', 'usage', 'RESOURCE_EXHAUSTED', 'usage'])
    const faults = answers.map(answer => (answer['error'] as { message: string } | undefined)?.message)
    expect(faults[1]).toMatch(/^line 2: expected a JSON object/u)
    expect(faults[2]).toBe('line 3: tasc: there is no such field; did you mean task?')
    expect(faults[5]).toMatch(/^line 6: .*none\.png: it cannot be read: no such file or folder$/u)
    expect(faults[7]).toBe(
      'line 8: labels: expected a list, got text; deadlineSeconds: expected a number of seconds above 0 and at most 2592000',
    )
    expect(JSON.stringify(answers[6])).toMatch(/\$0\.\d+/u)
    expect(JSON.stringify(answers[6])).not.toContain('nano')
  })

  it('answers each row of a pipe while the next is not there yet', async () => {
    const child = spawn(
      process.execPath,
      [
        join(packageRoot(), 'bin', 'sluice.js'),
        'infer',
        '--jsonl',
        '-',
        '--task',
        'generate',
        '--address',
        gateway.address,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    let stdout = ''
    child.stdout.on('data', (piece: Buffer) => (stdout += piece.toString()))
    const exited = new Promise<number | null>(resolve => child.once('close', resolve))
    for (const text of ['first', 'second']) {
      child.stdin.write(`${JSON.stringify({ id: text, text })}\n`)
      await until(
        `the answer to ${text}`,
        async () => stdout,
        seen => seen.includes(`"answer":"${text}"`),
        20_000,
      )
    }
    child.stdin.end()
    expect(await exited).toBe(0)
  })

  it.each([
    [['--ocr', '--transcribe', 'a.png'], '--ocr and --transcribe'],
    [['--ocr', '--task', 'generate', 'a.png'], '--ocr and --task generate'],
    [['--jsonl', 'rows.jsonl', 'word'], '--jsonl'],
    [
      ['--ocr', 'a.png', 'b.png', '--concurrency', '0'],
      '--concurrency: expected a whole number from 1 to 1000, got "0"',
    ],
    [['--deadline=-1', 'hi'], '--deadline: expected a number of seconds above 0 and at most 2592000'],
    [['--image', 'nowhere.png'], 'nowhere.png: it cannot be read: no such file or folder'],
    [['--tls-ca', tmpdir(), 'hi'], 'it is a folder, not a file'],
    [['--ocr', 'a.png', 'b.png', '--stream'], '--stream'],
    [['--jsonl', 'nowhere.jsonl'], 'nowhere.jsonl'],
    [[join(packageRoot(), 'deploy', 'demo', 'images', 'receipt.png')], '--ocr'],
    [['--ocr'], 'nothing to send'],
  ])('refuses %j', async (words, named) => {
    const { code, stderr } = await sluice('infer', ...words)
    expect(code).toBe(2)
    expect(stderr).toContain(named)
  })
})

describe('jobs list', () => {
  it('has the jobs of the caller alone, newest first, and goes on where it ended', async () => {
    const ids: string[] = []
    for (const text of ['one', 'two', 'three']) {
      const { stdout } = await sluice('jobs', 'submit', '--json', '--watch', '--task', 'generate', text)
      ids.unshift((jsonLines(stdout).at(-1) as { jobId: string }).jobId)
    }
    const other = await sluice(
      'jobs',
      'submit',
      '--json',
      '--key',
      'right-key',
      '--task',
      'generate',
      'of another tenant',
    )
    const list = async (...words: string[]): Promise<{ jobId: string; submittedAt: { seconds: number } }[]> =>
      JSON.parse((await sluice('jobs', 'list', '--json', ...words)).stdout) as never
    expect((await list()).map(({ jobId }) => jobId)).toEqual(ids)
    expect(JSON.stringify(await list())).not.toContain('"_')
    expect(JSON.stringify(await list())).not.toContain('"text"')
    expect((await list('--limit', '1')).map(({ jobId }) => jobId)).toEqual(ids.slice(0, 1))
    const before = new Date(((await client.job(ids[0] ?? '')).answer?.submittedAt?.seconds ?? 0) * 1000).toISOString()
    expect((await list('--before', before)).length).toBeLessThan(3)
    const theirs = await list('--key', 'right-key')
    expect(theirs.map(({ jobId }) => jobId)).toEqual([(JSON.parse(other.stdout) as { jobId: string }).jobId])
    const shown = await sluice('jobs', 'list')
    expect(shown.stdout).toMatch(/job +state +submitted/u)
    expect(shown.stdout).toMatch(/succeeded .*echo-small +\$0\./u)
  })
})

describe('who calls', () => {
  const budgetOf = (headers: Readonly<Record<string, string>>): Promise<GetBudgetResponse__Output | ServiceError> => {
    const metadata = new Metadata()
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
    return new Promise(resolve => {
      client.raw.getBudget({}, metadata, (error, answer) => resolve(error ?? (answer as GetBudgetResponse__Output)))
    })
  }
  const tenants = (answer: object): string => JSON.stringify(answer)

  it('is known by x-api-key as by a bearer', async () => {
    const byBearer = await budgetOf({ authorization: 'Bearer right-key' })
    expect(byBearer).toHaveProperty('budgets')
    expect(tenants(await budgetOf({ 'x-api-key': 'right-key' }))).toBe(tenants(byBearer))
    // The anonymous tenant has spent something else.
    expect(tenants(await budgetOf({}))).not.toBe(tenants(byBearer))
  })

  it.each([
    [{ 'x-api-key': 'wrong-key' }],
    [{ 'x-api-key': 'two words' }],
    [{ 'x-api-key': '' }],
    [{ authorization: 'right-key' }],
    [{ authorization: '' }],
    [{ authorization: 'Bearer right-key', 'x-api-key': 'other' }],
    [{ 'api-key': 'right-key' }],
    [{ 'x-goog-api-key': 'right-key' }],
  ])('is never anonymous with a credential that cannot be used: %j', async headers => {
    expect(await budgetOf(headers)).toMatchObject({ code: 16 })
  })

  it('is told which setting grants a scope that is missing', async () => {
    const anonymous = await sluice('drain', '--pool', 'small')
    expect(anonymous.code).toBe(1)
    expect(anonymous.stderr).toMatch(/PERMISSION_DENIED: .*scope admin.*auth\.anonymousScopes \(infer\)/u)
    const listed = await sluice('drain', '--pool', 'small', '--key', 'right-key')
    expect(listed.stderr).toMatch(/PERMISSION_DENIED: .*right has infer; auth\.keys\[\]\.scopes/u)
  })
})

describe('demo', () => {
  it('uses the gateway that runs at the address of the configuration', async () => {
    const file = join(folder, 'demo.json')
    const { stderr } = await runCli(['demo', '--config', gateway.configFile, '--json', file])
    expect(stderr).toContain(`using the gateway that runs at ${gateway.address}`)
    const rows = JSON.parse(readFileSync(file, 'utf8')) as { rungs: { model: string }[] }[]
    expect(rows.length).toBeGreaterThan(5)
    expect(new Set(rows.flatMap(({ rungs }) => rungs.map(({ model }) => model)))).toEqual(new Set(['echo-small']))
  })

  it('says so where that gateway wants a key', async () => {
    const config = JSON.parse(readFileSync(gateway.configFile, 'utf8')) as object
    const closed = await createTestGateway({ ...config, auth: { keys: echoKeys(config) } }, redis.url)
    try {
      await closed.startRouter()
      const { code, stderr } = await runCli(['demo', '--config', closed.configFile])
      expect(code).toBe(2)
      expect(stderr).toContain(`the gateway at ${closed.address} wants a key`)
    } finally {
      await closed.stop()
    }
  })
})

function echoKeys(config: object): unknown {
  return (config as { auth: { keys: unknown } }).auth.keys
}

describe('messages', () => {
  it('say how to start a gateway where none answers', async () => {
    const nowhere = `127.0.0.1:${await freePort()}`
    const { code, stderr } = await runCli(['infer', '--address', nowhere, '--task', 'generate', 'hello'])
    expect(code).toBe(1)
    expect(stderr).toContain(`no gateway answers at ${nowhere}`)
    expect(stderr).toMatch(/node \S*sluice\.js up/u)
  })

  it('have money in dollars', async () => {
    const { stderr } = await sluice('infer', '--task', 'generate', '--max-cost', '0.000000001', 'hello')
    expect(stderr).toMatch(/RESOURCE_EXHAUSTED: .*\$0\.0/u)
    expect(stderr).not.toContain('nano')
  })
})
