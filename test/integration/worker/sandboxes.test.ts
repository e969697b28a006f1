import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSandboxes, type Sandboxes } from '#services/worker/sandbox/sandboxes'
import type { CheckOrder } from '#services/worker/sandbox/check-order'
import type { TimedOrder } from '#services/worker/sandbox/sandbox-process'
import { buildWorker } from '../../support/worker/built-worker.ts'
import { sandboxesOf } from '../../support/worker/sandbox-processes.ts'

let sandboxes: Sandboxes
beforeAll(() => {
  buildWorker()
  process.env['SLUICE_SANDBOX_SECRET'] = 'a secret of the worker'
  sandboxes = createSandboxes({ processes: 1 })
})
afterAll(() => {
  sandboxes?.close()
  delete process.env['SLUICE_SANDBOX_SECRET']
})

const never = new AbortController().signal

const programOf = (text: string, timeoutMs: number, calls: readonly string[] = ['1']): TimedOrder => ({
  order: { kind: 'program', program: text, calls, timeoutMs },
  timeoutMs,
})

async function ends(text: string, calls: readonly string[], timeoutMs = 5000): Promise<readonly string[]> {
  const { calls: all = [] } = await sandboxes.check(programOf(text, timeoutMs, calls), { tenant: 'tenant' }, never)
  return all.map(end => (end.kind === 'value' ? end.json : end.kind))
}

/** Whatever was run before, the next program is checked as it deserves. */
async function stillChecks(): Promise<void> {
  expect(await ends('function add(a, b) { return a + b }', ['add(1, 2)', 'add()'])).toEqual(['3', 'null'])
}

/** The most memory that a sandbox of ours held until something was done. */
async function peakOf(done: Promise<unknown>): Promise<number> {
  let peakMegabytes = 0
  const look = setInterval(() => {
    peakMegabytes = Math.max(peakMegabytes, ...sandboxesOf(process.pid).map(sandbox => sandbox.rssMegabytes))
  }, 50)
  await done
  clearInterval(look)
  return peakMegabytes
}

describe('createSandboxes()', () => {
  it('gives what each expression comes to, promises included', async () => {
    const program = 'async function f(n) { return [n, { deep: `${n}` }] }'
    expect(await ends(program, ['f(1)', '2 ** 10', 'undefined', 'f.missing()', 'new Promise(() => {})'])).toEqual([
      '[1,{"deep":"1"}]',
      '1024',
      '',
      'threw',
      'stopped',
    ])
    expect(await ends('no program at all', ['1'])).toEqual(['stopped'])
  })

  it.each([
    ['an endless loop', 'while (true);', '1'],
    ['one in an expression', '', '(() => { for (;;); })()'],
    ['one behind a value', '', '({ toJSON() { for (;;); } })'],
    ['endless promises', 'const go = () => Promise.resolve().then(go); go()', 'new Promise(() => {})'],
    ['a pattern that backtracks for ever', '', String.raw`/^(a+)+$/.test('a'.repeat(40) + 'b')`],
    ['one step that takes for ever', '', 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)'],
    ['memory without end', 'const all = []; for (;;) all.push(new Array(1e5).fill(1.5))', '1'],
    ['a text without end', "let all = 'x'; for (;;) all += all", '1'],
    ['calls without end', 'function f() { return [f()] }', 'f()'],
  ])('survives %s', async (_what, program, call) => {
    const [end] = await ends(program, [call], 300)
    expect(end).toBe('stopped')
    await stillChecks()
  })

  it.each([
    ['an exception', 'null.missing'],
    ['an exception of the program’s own', '(() => { throw 1 })()'],
    ['a promise that is rejected', 'Promise.reject(new RangeError())'],
    ['an exception after a promise', '(async () => { await 0; throw new Error() })()'],
  ])('says that %s was thrown', async (_what, call) => {
    expect(await ends('', [call])).toEqual(['threw'])
  })

  it.each([
    ['a promise that never ends', 'new Promise(() => {})'],
    ['a value that JSON has none of', '10n'],
    ['a value that is too deep', '(() => { let a = []; for (let i = 0; i < 60000; i++) a = [a]; return a })()'],
    ['a value that is too long', `'x'.repeat(2e6)`],
    ['memory that ran out', '(() => { const all = []; for (;;) all.push(new Array(1e5).fill(1.5)) })()'],
    ['memory that ran out in small pieces', '(() => { let all = {}; for (;;) all = { all } })()'],
    [
      'memory that ran out in a promise',
      '(async () => { for (const all = []; ; ) all.push(new Array(1e5).fill(1.5)) })()',
    ],
    ['calls without end', '(function f() { return 1 + f() })()'],
    ['a loop without end', '(() => { for (;;); })()'],
  ])('never says that %s was thrown', async (_what, call) => {
    expect(await ends('', [call], 2000)).toEqual(['stopped'])
    await stillChecks()
  })

  it.each([
    ['what a case held when it threw', 'function f() { const keep = new Uint8Array(4e7).fill(1); throw { keep } }'],
    ['what a case gives', 'const keep = new Uint8Array(4e7).fill(1); async function f() { keep; throw 1 }'],
    ['numbers without end', 'function f() { for (const all = []; ; ) all.push(new Array(1e5).fill(1.5)) }'],
    [
      'an engine that cannot clean up',
      'async function f() { await 0; for (const all = []; ; ) all.push(new Array(1e5).fill(1.5)) }',
    ],
    ['a value too deep', 'function f() { let a = []; for (let i = 0; i < 60000; i++) a = [a]; return a }'],
  ])('holds little memory in spite of %s', async (_what, program) => {
    const peakMegabytes = await peakOf(ends(program, Array<string>(40).fill('f()'), 10_000))
    expect(peakMegabytes).toBeGreaterThan(30)
    expect(peakMegabytes).toBeLessThan(300)
    await stillChecks()
  })

  it.each([
    ['the process', 'typeof process + typeof globalThis.process'],
    ['another realm’s process', `[].constructor.constructor('return typeof process')() + typeof process`],
    ['modules', 'typeof require + typeof module'],
    ['the network', 'typeof fetch + typeof WebSocket'],
    ['the engine’s own libraries', 'typeof std + typeof os'],
    ['timers', 'typeof setTimeout + typeof setImmediate'],
  ])('shows a program nothing of %s', async (_what, call) => {
    expect(await ends('', [call])).toEqual(['"undefinedundefined"'])
  })

  it('imports nothing, by name or by address', async () => {
    let asked = 0
    const server = createServer((_request, response) => {
      asked += 1
      response.end('export const leaked = 1')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const calls = ['node:fs', 'fs', '/etc/passwd', `http://127.0.0.1:${port}/`].map(
      name => `import(${JSON.stringify(name)}).then(() => 'in')`,
    )
    expect(await ends('', calls)).toEqual(calls.map(() => 'threw'))
    expect(asked).toBe(0)
    server.close()
  })

  it('has no way out by leaving, throwing or bending the language', async () => {
    expect(await ends('throw new Error()', ['1'])).toEqual(['stopped'])
    expect(await ends('process.exit(0)', ['1'])).toEqual(['stopped'])
    // What is compared is compared elsewhere, so nothing that is bent here can say what passes.
    const bent = `
      Object.prototype.toJSON = () => 42; Array.prototype.every = () => true; JSON.stringify = () => '42'
      Object.is = () => true; globalThis.passed = true; Error.prototype.kind = 'value'
      Object.defineProperty(Object.prototype, 'json', { value: '42' })
      function f() { return { kind: 'value', json: '3', passed: true, toJSON: undefined } }`
    expect((await ends(bent, ['f()']))[0]).not.toBe('3')
    await stillChecks()
  })

  it('leaves nothing from one case to the next, or from one program to the next', async () => {
    expect(await ends('globalThis.count = (globalThis.count ?? 0) + 1', ['count', 'count'])).toEqual(['1', '1'])
    expect(await ends('', ['typeof count'])).toEqual(['"undefined"'])
  })

  it('lets go of a program that nobody waits for, and of the line before it', async () => {
    const leaving = new AbortController()
    const busy = sandboxes.check(programOf('while (true);', 30_000), { tenant: 'tenant' }, leaving.signal)
    const inLine = sandboxes.check(programOf('', 1000), { tenant: 'tenant' }, leaving.signal)
    setTimeout(() => leaving.abort(), 50)
    await expect(busy).rejects.toThrow(/abort/u)
    await expect(inLine).rejects.toThrow(/abort/u)
    await stillChecks()
  })
})

const form = (order: Exclude<CheckOrder, { readonly kind: 'program' }>) =>
  sandboxes.check({ order, timeoutMs: 500 }, { tenant: 'tenant' }, never)

describe('checks of form', () => {
  const schema = { type: 'object', required: ['total'], properties: { total: { type: 'number' } } }

  it('holds an answer to a pattern, to a schema, and finds the answer in a text', async () => {
    expect(await form({ kind: 'pattern', pattern: '[A-D]', answer: ' C\n' })).toEqual({ passed: true })
    expect(await form({ kind: 'pattern', pattern: '[A-D]', answer: 'B or C' })).toEqual({ passed: false })
    expect(await form({ kind: 'schema', schema, answer: '```json\n{"total": 3.5}\n```' })).toEqual({ passed: true })
    const fault = '/total must be number'
    expect(await form({ kind: 'schema', schema, answer: '{"total": "3.5"}' })).toEqual({ passed: false, fault })
    expect(await form({ kind: 'extract', pattern: 'Answer: (\\d)', text: 'Answer: 3. No. Answer: 4' })).toEqual({
      extracted: '4',
    })
    expect(await form({ kind: 'extract', pattern: 'Answer: (\\d)', text: 'none' })).toEqual({})
  })

  const nodes = {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        anyOf: [1, 2, 3].map(least => ({ type: 'array', items: { $ref: '#/$defs/node' }, minItems: least })),
      },
    },
  }
  const nested = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`
  it.each<[string, CheckOrder]>([
    ['a pattern of nested repetition', { kind: 'pattern', pattern: '(a+)+', answer: `${'a'.repeat(50)}!` }],
    ['a pattern looked for from everywhere', { kind: 'extract', pattern: '(a+)+b', text: 'a'.repeat(60_000) }],
    [
      'an array of unique items',
      {
        kind: 'schema',
        schema: { uniqueItems: true },
        answer: JSON.stringify(Array.from({ length: 40_000 }, (_, n) => ({ n }))),
      },
    ],
    ['a schema whose alternatives multiply', { kind: 'schema', schema: nodes, answer: nested(200) }],
    ['a text that is nested too deep', { kind: 'schema', schema: nodes, answer: nested(200_000) }],
  ])('ends %s in its time, and checks the next', { timeout: 30_000 }, async (_what, order) => {
    await form({ kind: 'pattern', pattern: '.', answer: 'warm' })
    const startedAt = performance.now()
    const { passed, extracted } = await sandboxes
      .check({ order, timeoutMs: 500 }, { tenant: 'tenant' }, never)
      .catch(() => ({ passed: undefined, extracted: undefined }))
    expect([passed ?? false, extracted]).toEqual([false, undefined])
    expect(performance.now() - startedAt).toBeLessThan(5000)
    expect(await form({ kind: 'pattern', pattern: '.', answer: 'x' })).toEqual({ passed: true })
  })
})

describe('checks of several tenants', () => {
  it('leave a process to the others, however many answers of one wait', { timeout: 60_000 }, async () => {
    const shared = createSandboxes({ processes: 2 })
    try {
      const quick: TimedOrder = { order: { kind: 'pattern', pattern: 'x', answer: 'x' }, timeoutMs: 500 }
      await Promise.all(['hostile', 'other'].map(tenant => shared.check(quick, { tenant }, never)))
      const stop = new AbortController()
      const slow = Array.from({ length: 100 }, () =>
        shared.check(programOf('for (;;);', 2000), { tenant: 'hostile' }, stop.signal),
      )
      const elapsed: number[] = []
      for (let turn = 0; turn < 20; turn += 1) {
        const startedAt = performance.now()
        expect(await shared.check(quick, { tenant: 'other' }, never)).toEqual({ passed: true })
        elapsed.push(performance.now() - startedAt)
      }
      stop.abort()
      await Promise.allSettled(slow)
      // Behind one of the others it would take two seconds.
      expect(Math.max(...elapsed)).toBeLessThan(1800)
    } finally {
      shared.close()
    }
  })
})
