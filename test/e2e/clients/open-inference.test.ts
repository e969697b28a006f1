import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { RunControl } from '#services/backends/backend'
import type { Outcome, Work } from '#services/backends/work'
import { createOipBackend, type OipSpec } from '#services/backends/open-inference/open-inference'
import { createTestGateway, until, type TestGateway } from '../../support/gateway.ts'
import { missingPacks } from '../../support/model-packs.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'

const root = packageRoot()
const python = '/usr/bin/python3'
const hasPython = spawnSync(python, ['-c', 'import grpc, google.protobuf']).status === 0
const hasProtoc = spawnSync('protoc', ['--version']).status === 0
const noPython = !hasPython || !hasProtoc
const missing = missingPacks(['minilm'])

let generated: string
beforeAll(() => {
  generated = mkdtempSync(join(tmpdir(), 'sluice-oip-'))
  if (noPython) return
  execFileSync('protoc', ['-I', join(root, 'proto'), `--python_out=${generated}`, 'inference/open_inference.proto'])
})
afterAll(() => rmSync(generated, { recursive: true, force: true }))

const dependencies = {
  packPath: () => '',
  executionProviders: ['cpu'],
  threads: 1,
  logger: pino({ level: 'silent' }),
  clock: { now: () => Date.now() },
}

function work(text: string, more: Partial<Work> = {}): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model: 'm',
    recipe: {},
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text }],
    deadlineAt: Date.now() + 15_000,
    streaming: true,
    ...more,
  }
}

async function ask(
  spec: Pick<OipSpec, 'baseUrl' | 'model' | 'input' | 'output'> & Partial<OipSpec>,
  one: Work,
): Promise<{ outcome: Outcome | undefined; told: string[] }> {
  const told: string[] = []
  const never = new AbortController().signal
  const onDelta = async (_leg: unknown, text: string): Promise<void> => void told.push(text)
  const control: RunControl = { cancelled: () => false, signal: () => never, onDelta }
  const times = { connectTimeoutMs: 500, firstByteTimeoutMs: 5000, betweenChunksTimeoutMs: 5000 }
  const backend = await createOipBackend({ kind: 'oip', ...times, ...spec }, dependencies)
  const [outcome] = await backend.run([one], control)
  await backend.close()
  return { outcome, told }
}

describe.skipIf(missing !== undefined)(`the gateway as a server (skipped: ${missing ?? ''})`, () => {
  let redis: PrivateRedis
  let gateway: TestGateway

  beforeAll(async () => {
    redis = await startPrivateRedis()
    const card = { title: 'MiniLM', licence: 'Apache-2.0', source: 'hub', trainingData: 'pairs', limits: 'English' }
    gateway = await createTestGateway(
      {
        version: 1,
        log: { level: 'warn' },
        auth: { anonymous: true, anonymousScopes: ['infer'] },
        pools: { small: { tier: 'small', concurrency: 1, batch: { maxSize: 8, maxWaitMs: 2 } } },
        models: {
          minilm: {
            pool: 'small',
            tasks: ['classify', 'embed'],
            modalities: ['text'],
            backend: { kind: 'embedding', pack: 'minilm', space: 'all-MiniLM-L6-v2' },
            price: { perComputeSecond: 11_000 },
            card,
          },
        },
        ladders: {
          embed: { task: 'embed', modalities: ['text'], rungs: ['minilm'] },
          classify: { task: 'classify', modalities: ['text'], rungs: ['minilm'] },
        },
      },
      redis.url,
    )
    await Promise.all([gateway.startRouter(), gateway.startWorker('small')])
    await until(
      'the worker',
      () => gateway.client.listModels(),
      ({ models }) => models.every(model => (model.state?.workers ?? 0) > 0),
    )
  })
  afterAll(async () => {
    await gateway?.stop()
    await redis?.stop()
  })

  it.skipIf(noPython)(
    'gives a Python client vectors in raw tensors (skipped without python3-grpcio and protoc)',
    () => {
      const script = join(root, 'test', 'e2e', 'clients', 'python', 'tensor_client.py')
      const printed = JSON.parse(execFileSync(python, [script, gateway.address, generated]).toString())
      expect(printed).toMatchObject({
        live: true,
        ready: true,
        inputs: ['text'],
        outputs: ['label', 'score', 'confidence', 'embedding'],
        id: 'seven',
        shape: [2, 384],
        missing: 'NOT_FOUND',
        ladder: [1, 384],
        properties: {
          labels: expect.stringContaining('classify requires this or label_set'),
          label_set: expect.stringContaining('classify requires this or labels'),
        },
        both: expect.stringContaining('INVALID_ARGUMENT: raw_input_contents: expected contents or raw_input_contents'),
        streamed: [
          ['first', '', 1],
          ['second', expect.stringContaining('nothing'), 0],
          ['third', '', 1],
        ],
      })
      expect(printed.likeness).toBeGreaterThan(0.9)
      expect(printed.cost).toBeGreaterThan(0)
    },
  )

  it('gives another Sluice, as its client, the same vector as over its own protocol', async () => {
    const text = 'a river in spring'
    const own = await gateway.client.infer({ task: 'TASK_EMBED', content: [{ text }] })
    const spec = { baseUrl: `grpc://${gateway.address}`, model: 'minilm', input: 'text', output: 'embedding' }
    const { outcome } = await ask(spec, work(text, { task: 'embed' }))
    // A model of two tasks does the first of them when none is named.
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'upstream-refused' })
    const named = await ask({ ...spec, parameters: { task: 'embed' } }, work(text, { task: 'embed' }))
    const values = named.outcome?.kind === 'done' ? named.outcome.result.output : undefined
    expect(values).toMatchObject({ kind: 'embedding', values: own.output?.embedding?.values })
  })

  it('classifies, with labels in a parameter', async () => {
    const spec = {
      baseUrl: `grpc://${gateway.address}`,
      model: 'minilm',
      input: 'text',
      output: 'label',
      score: 'score',
    }
    const parameters = { labels: 'refund, delivery' }
    const { outcome } = await ask({ ...spec, parameters }, work('give me my money back', { task: 'classify' }))
    expect(outcome).toMatchObject({ result: { output: { kind: 'labels', labels: [{ label: 'refund' }] } } })
  })
})

describe.skipIf(noPython)('a server in Python, from the proto (skipped without python3-grpcio and protoc)', () => {
  let server: ChildProcess
  let spec: Pick<OipSpec, 'baseUrl' | 'model' | 'input' | 'output'>

  beforeAll(async () => {
    const script = join(root, 'test', 'e2e', 'clients', 'python', 'tensor_server.py')
    server = spawn(python, [script, generated], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: server.stdout! })
    const port = await new Promise<string>(resolve => lines.once('line', line => resolve(line.split(' ')[1] ?? '')))
    spec = { baseUrl: `grpc://127.0.0.1:${port}`, model: 'echo', input: 'text_input', output: 'text_output' }
  })
  afterAll(() => void server?.kill('SIGKILL'))

  it('answers once', async () => {
    const { outcome } = await ask(spec, work('hello there'))
    expect(outcome).toMatchObject({
      kind: 'done',
      result: { output: { kind: 'text', text: 'echo: hello there' }, usage: { estimated: true } },
    })
  })

  it('answers piece by piece, with sampling as Triton’s vLLM takes it', async () => {
    const { outcome, told } = await ask({ ...spec, vllm: true }, work('one two', { options: { maxOutputTokens: 7 } }))
    expect(told).toEqual(['echo: ', 'one ', 'two ', '{"max_tokens":7}'])
    expect(outcome).toMatchObject({ result: { output: { text: 'echo: one two {"max_tokens":7}' } } })
  })

  it.each([
    ['a broken stream', 'one break two', true, 'upstream-error', 'server told of an error'],
    ['a refusal', 'wrong', false, 'upstream-refused', 'INVALID_ARGUMENT'],
    ['a full server', 'busy', false, 'upstream-error', 'RESOURCE_EXHAUSTED'],
  ])('takes %s for a failure and says where', async (_what, text, vllm, reason, words) => {
    const { outcome } = await ask({ ...spec, vllm }, work(text))
    expect(outcome).toMatchObject({ kind: 'failed', reason, message: expect.stringContaining(words) })
    expect(outcome?.kind === 'failed' && outcome.message).toContain(`(${spec.baseUrl})`)
  })

  describe.each([true, false])('tensors whose contents are raw: %s', raw => {
    const give = (outputs: Readonly<Record<string, unknown>>): string => JSON.stringify({ raw, outputs })
    const labels = ['a', 'b', 'c']
    const classify = (outputs: Readonly<Record<string, unknown>>, more: Partial<OipSpec> = {}) =>
      ask({ ...spec, output: 'class', labels, ...more }, work(give(outputs), { task: 'classify' }))

    it.each(['INT8', 'INT16', 'INT32', 'INT64', 'UINT8', 'UINT16', 'UINT32', 'UINT64'])(
      'take a class of %s for a place among the labels',
      async datatype => {
        const { outcome } = await classify({ class: [datatype, [2]] })
        expect(outcome).toMatchObject({
          result: { output: { labels: [{ label: 'c', score: 0.5 }] }, rawConfidence: 0.5 },
        })
      },
    )

    it.each(['FP16', 'BF16', 'FP32', 'FP64'])('take numbers of %s for scores', async datatype => {
      const { outcome } = await classify({ class: [datatype, [0.25, 0.625, 0.125]] })
      expect(outcome).toMatchObject({
        result: {
          output: {
            labels: [
              { label: 'b', score: 0.625 },
              { label: 'a', score: 0.25 },
              { label: 'c', score: 0.125 },
            ],
          },
          rawConfidence: 0.625,
          signals: { margin: 0.375 },
        },
      })
    })

    it.each<[string, Readonly<Record<string, unknown>>, string, number, Partial<OipSpec>?]>([
      ['a class with its score', { class: ['INT32', [2]], score: ['FP16', [0.75]] }, 'c', 0.75, { score: 'score' }],
      [
        'a class with the scores of all',
        { class: ['INT64', [1]], score: ['FP32', [0.125, 0.75, 0.125]] },
        'b',
        0.75,
        { score: 'score' },
      ],
      [
        'the best classes with their scores',
        { class: ['INT64', [0, 2]], score: ['FP64', [0.25, 0.5]] },
        'c',
        0.5,
        { score: 'score' },
      ],
      ['classes in their order', { class: ['UINT16', [1, 0, 2]] }, 'b', 0.5],
      ['a mark among zeros', { class: ['UINT8', [0, 0, 1]] }, 'c', 0.5],
      ['truth among falsehoods', { class: ['BOOL', [false, true, false]] }, 'b', 0.5],
      ['one truth of two classes', { class: ['BOOL', [true]] }, 'yes', 0.5, { labels: ['no', 'yes'] }],
      ['the chance of a yes', { class: ['FP32', [0.25]] }, 'no', 0.75, { labels: ['no', 'yes'] }],
      ['a logit of a yes', { class: ['FP32', [Math.log(3) * 2]] }, 'yes', 0.9, { labels: ['no', 'yes'] }],
      ['logits', { class: ['FP32', [-1, 3, 1]] }, 'b', Math.exp(3) / (Math.exp(-1) + Math.exp(3) + Math.exp(1))],
      ['a class in a number with fractions', { class: ['FP32', [2]] }, 'c', 0.5],
      ['a text', { class: ['BYTES', ['b']] }, 'b', 0.5],
      [
        'texts with their scores',
        { class: ['BYTES', ['x', 'y']], score: ['BF16', [0.25, 0.75]] },
        'y',
        0.75,
        { score: 'score' },
      ],
    ])('read %s by its meaning', async (_what, outputs, label, score, more = {}) => {
      const { outcome } = await classify(outputs, more)
      const result = outcome?.kind === 'done' ? outcome.result : undefined
      const [best] = result?.output.kind === 'labels' ? result.output.labels : []
      expect(best).toEqual({ label, score: expect.closeTo(score, 5) as number })
      expect(result?.rawConfidence).toBeCloseTo(score, 5)
    })

    it.each<[string, Readonly<Record<string, unknown>>, string?]>([
      ['a class beyond the labels', { class: ['INT64', [3]] }],
      ['a negative class', { class: ['INT32', [-1]] }],
      ['two truths', { class: ['BOOL', [true, true, false]] }],
      ['more scores than labels', { class: ['FP32', [0.25, 0.25, 0.25, 0.25]] }, '4 scores for 3 labels'],
      ['nothing', { class: ['INT64', []] }],
      ['no output of that name', { other: ['INT64', [1]] }, 'gave no output class'],
    ])('never take %s for a label', async (_what, outputs, words = 'names none of the labels') => {
      const { outcome } = await classify(outputs)
      expect(outcome).toMatchObject({
        kind: 'failed',
        reason: 'upstream-error',
        message: expect.stringContaining(words),
      })
    })

    it.each(['FP16', 'BF16', 'FP32', 'FP64', 'INT8', 'INT32'])('are a vector of %s', async datatype => {
      const outputs = { vector: [datatype, [1, -2, 3]] }
      const { outcome } = await ask({ ...spec, output: 'vector' }, work(give(outputs), { task: 'embed' }))
      expect(outcome).toMatchObject({ result: { output: { kind: 'embedding', values: [1, -2, 3] } } })
    })

    it('are no vector where they are texts, and no text where they are numbers', async () => {
      const texts = await ask({ ...spec, output: 'v' }, work(give({ v: ['BYTES', ['x']] }), { task: 'embed' }))
      const numbers = await ask({ ...spec, output: 'v' }, work(give({ v: ['FP32', [1]] })))
      expect(texts.outcome).toMatchObject({ message: 'the server gave BYTES where numbers are due' })
      expect(numbers.outcome).toMatchObject({ message: 'the server gave FP32 where a text is due' })
    })
  })

  it('fails soon where nobody listens', async () => {
    const { outcome } = await ask(
      { ...spec, baseUrl: 'grpc://127.0.0.1:1' },
      work('hello', { deadlineAt: Date.now() + 5000 }),
    )
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'upstream-error', usage: {} })
  })
})
