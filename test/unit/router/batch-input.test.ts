import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError, type ErrorCode } from '#services/contract/errors'
import type { RequestId } from '#services/contract/ids'
import { readLines } from '#services/router/batches/read-lines'
import { checkInput } from '#services/router/batches/read-row'
import { runRequest, type RowRequest } from '#services/router/batches/run-request'
import type { Finished, Incoming } from '#services/router/request/states'
import type { Batch } from '#services/state/batches/batch-store'

async function* pieces(text: string | Buffer, size: number): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.byteLength; from += size) yield bytes.subarray(from, from + size)
}

async function linesOf(text: string, size: number, mostBytes = 1000) {
  const lines: { readonly number: number; readonly row: number; readonly text: string }[] = []
  for await (const { bytes, ...place } of readLines(pieces(text, size), mostBytes)) {
    lines.push({ ...place, text: bytes.toString() })
  }
  return lines
}

describe('readLines()', () => {
  it('gives the same lines however the file is cut', async () => {
    const text = fc.array(fc.constantFrom('a', 'é', '\n', '\r\n', ' ', '{}')).map(parts => parts.join(''))
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (whole, size) => {
        const wanted = whole
          .split('\n')
          .map((line, index) => ({ number: index + 1, text: line.trim() }))
          .filter(line => line.text !== '')
          .map((line, row) => ({ ...line, row }))
        expect(await linesOf(whole, size)).toEqual(wanted)
      }),
    )
  })

  it('holds no more of a line than anybody takes', async () => {
    const [long, next] = await linesOf(`${'x'.repeat(5000)}\nnext`, 700, 100)
    expect([long?.text.length, next?.text, next?.number]).toEqual([101, 'next', 2])
  })
})

describe('checkInput()', () => {
  const batch = { endpoint: '/v1/chat/completions' } as Batch
  const row = (more: object = {}): string =>
    JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: {}, ...more })
  const check = (text: string | Buffer, limits = { rows: 3, lineBytes: 200 }) =>
    checkInput(batch, pieces(text, 50), limits)

  it.each([
    ['', { code: 'empty_file' }],
    ['\n \n', { code: 'empty_file' }],
    ['{"custom_id":', { code: 'invalid_json_line', line: 1 }],
    ['\n7', { code: 'invalid_request', line: 2, param: 'row' }],
    [row({ method: 'GET' }), { code: 'invalid_request', param: 'method' }],
    [row({ custom_id: '' }), { code: 'invalid_request', param: 'custom_id' }],
    [row({ body: [] }), { code: 'invalid_request', param: 'body' }],
    [row({ extra: 1 }), { code: 'unknown_parameter', param: 'extra' }],
    [row({ url: '/v1/responses' }), { code: 'mismatched_url' }],
    [`${row()}\n${row()}`, { code: 'duplicate_custom_id', line: 2 }],
    [row({ body: { text: 'x'.repeat(300) } }), { code: 'line_too_long', line: 1 }],
    [[1, 2, 3, 4].map(id => row({ custom_id: `${id}` })).join('\n'), { code: 'too_many_rows' }],
    [Buffer.concat([Buffer.from('{"custom_id":"'), Buffer.from([0xff, 0xfe])]), { code: 'invalid_json_line' }],
  ])('finds the fault of %j', async (text, fault) => {
    const { faults } = await check(text)
    expect(faults).toMatchObject([fault])
  })

  it('counts the rows of a sound file', async () => {
    expect(await check(`${row()}\r\n\n${row({ custom_id: 'b' })}\n`)).toEqual({ rows: 2, faults: [] })
  })
})

describe('runRequest()', () => {
  type Run = () => Partial<Finished>
  const ended =
    (code: ErrorCode, costNanoUsd: number): Run =>
    () =>
      ({ end: { kind: 'failed', code, message: code, rungs: [{ costNanoUsd }], dead: true } }) as unknown as Finished
  const answered: Run = () =>
    ({ requestId: 'r', end: { kind: 'answered', answer: { costNanoUsd: 10 } } }) as unknown as Finished
  const refused =
    (code: ErrorCode): Run =>
    () => {
      throw new GatewayError(code, code)
    }

  /** Runs a request whose runs end so, one after the other; `others` jobs of its batch hold money meanwhile. */
  async function play(runs: readonly Run[], others = 0) {
    const left = [...runs]
    const keys: (string | undefined)[] = []
    const jobs = new Set(Array.from({ length: others }, (_, index) => `other ${index}` as RequestId))
    const row: RowRequest = {
      batchId: 'batch',
      tenant: 't',
      key: '7.0',
      request: { task: 'generate', parts: [], options: {}, constraints: { priority: 'batch' }, labels: {} },
      deadlineMs: () => 1000,
      now: () => 0,
      leaving: new AbortController().signal,
      over: new AbortController().signal,
      jobs,
    }
    const outcome = await runRequest(row, {
      handler: {
        async runJob({ request }: Incoming, _signal, onJob) {
          keys.push(request.idempotencyKey)
          const run = left.shift()
          if (run === undefined) throw new Error('it ran too often')
          const finished = run()
          onJob('mine' as RequestId)
          return finished as Finished
        },
      },
      enter: () => () => {},
      jobOf: async () => undefined,
      async wait() {},
    })
    return { outcome, keys, left: left.length }
  }

  it('waits where it is refused for the moment, under one key', async () => {
    const { outcome, keys } = await play([refused('Overloaded'), refused('RateLimited'), refused('Deadline'), answered])
    expect(outcome).toMatchObject({ answered: { requestId: 'r' }, costNanoUsd: 10 })
    expect(new Set(keys)).toEqual(new Set(['batch:7.0:0']))
  })

  it('tries twice more what failed for a reason that may pass, each under its key, and sums the costs', async () => {
    const { outcome, keys } = await play([ended('LadderFailed', 3), ended('Overloaded', 4), answered])
    expect(outcome).toMatchObject({ answered: { requestId: 'r' }, costNanoUsd: 17 })
    expect(keys).toEqual(['batch:7.0:0', 'batch:7.0:1', 'batch:7.0:2'])
    const given = await play([ended('LadderFailed', 3), ended('LadderFailed', 3), ended('LadderFailed', 3), answered])
    expect(given).toMatchObject({ outcome: { failure: { code: 'LadderFailed' }, costNanoUsd: 9 }, left: 1 })
  })

  it('gives up at once on what no time mends', async () => {
    for (const run of [refused('InvalidRequest'), refused('NoModel'), ended('InvalidRequest', 2)]) {
      expect((await play([run, answered])).left).toBe(1)
    }
  })

  it('waits for money that others of its batch hold, and not for money that nobody gives back', async () => {
    const refusals = Array.from({ length: 8 }, () => refused('BudgetExceeded'))
    expect((await play([...refusals, answered], 1)).outcome).toHaveProperty('answered')
    expect(await play([...refusals, answered])).toMatchObject({
      outcome: { failure: { code: 'BudgetExceeded' } },
      left: 6,
    })
  })
})
