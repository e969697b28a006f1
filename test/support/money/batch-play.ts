import OpenAI, { toFile } from 'openai'
import { chatConfig, chatModel } from '../chat-ladder.ts'
import { startModelServer } from '../faults/model-server.ts'
import { createTestGateway, until, type GatewayProcess } from '../gateway.ts'
import { startPrivateRedis } from '../private-redis.ts'

/** A batch under which every process is killed. */
export interface BatchPlay {
  readonly rows: number
  /** Shares of the rows after which everything is killed and started again. */
  readonly killAfter: readonly number[]
  readonly modelDelayMs: number
  /** Whether it waits until what dead routers held is settled: that is looked at after half a minute. */
  readonly untilSettled?: boolean
}

/** What came of it. */
export interface BatchReport {
  readonly batch: OpenAI.Batch
  /** `custom_id` of every line of the output file, in its order. */
  readonly answered: readonly string[]
  readonly lines: readonly { readonly custom_id: string; readonly content: string; readonly costNanoUsd: number }[]
  readonly batchNanoUsd: number
  /** Absent where the play does not wait for it. */
  readonly ledgerNanoUsd?: number
  /** Answers that the model server gave whole, each to the prompt of its row. */
  readonly served: number
  readonly tookMs: number
}

interface Line {
  readonly custom_id: string
  readonly response: { readonly body: OpenAI.ChatCompletion & { readonly sluice: { cost_nano_usd: number } } }
}

/** Plays it with one router and one worker, and a Redis that keeps every write on its disk. */
export async function playBatch({
  rows,
  killAfter,
  modelDelayMs,
  untilSettled = false,
}: BatchPlay): Promise<BatchReport> {
  const [redis, server] = await Promise.all([
    startPrivateRedis({ appendOnly: true }),
    startModelServer({ delayMs: modelDelayMs }),
  ])
  const gateway = await createTestGateway(
    chatConfig({
      pools: { chat: { tier: 'large', concurrency: 32 } },
      models: {
        chat: chatModel('chat', [server.baseUrl], {
          modalities: ['text'],
          price: { perInputToken: 1000, perOutputToken: 10_000 },
        }),
      },
      ladders: { generate: { task: 'generate', modalities: ['text'], rungs: ['chat'] } },
    }),
    redis.url,
  )
  let running: readonly GatewayProcess[] = []
  const start = async (): Promise<void> => {
    running = await Promise.all([gateway.startRouter(), gateway.startWorker('chat')])
  }
  const killAll = async (): Promise<void> => {
    for (const one of running) one.kill('SIGKILL')
    await Promise.all([redis.kill(), ...running.map(one => one.exited)])
  }
  const client = new OpenAI({
    baseURL: `${gateway.httpUrl}/v1`,
    apiKey: 'none',
    maxRetries: 5,
    defaultHeaders: { authorization: null },
  })
  try {
    await start()
    const startedAt = performance.now()
    const file = await client.files.create({
      purpose: 'batch',
      file: await toFile(Buffer.from(inputOf(rows)), 'rows.jsonl'),
    })
    const { id } = await client.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    })
    const doneOf = ({ request_counts: counts }: OpenAI.Batch): number =>
      (counts?.completed ?? 0) + (counts?.failed ?? 0)
    for (const share of killAfter) {
      await until(
        `row ${share * rows}`,
        () => client.batches.retrieve(id),
        batch => doneOf(batch) >= share * rows,
        200_000,
      )
      await killAll()
      await redis.restart()
      await start()
    }
    const batch = await until(
      'the end of the batch',
      () => client.batches.retrieve(id),
      ({ status }) => status === 'completed' || status === 'failed' || status === 'expired',
      250_000,
    )
    const tookMs = performance.now() - startedAt
    const output = await (await client.files.content(batch.output_file_id ?? '')).text()
    const lines = output
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Line)
      .map(({ custom_id, response: { body } }) => ({
        custom_id,
        content: body.choices[0]?.message.content ?? '',
        costNanoUsd: body.sluice.cost_nano_usd,
      }))
    const batchNanoUsd = (batch as OpenAI.Batch & { sluice: { cost_nano_usd: number } }).sluice.cost_nano_usd
    const settled = async () => {
      const budget = await until(
        'the money to be settled',
        async () => (await gateway.client.getBudget()).budgets[0],
        found => found?.reservedNanoUsd === 0,
        90_000,
      )
      return { ledgerNanoUsd: budget?.spentNanoUsd ?? 0 }
    }
    return {
      batch,
      lines,
      answered: lines.map(({ custom_id }) => custom_id),
      batchNanoUsd,
      ...(untilSettled ? await settled() : {}),
      served: server.served.filter(({ whole }) => whole).length,
      tookMs,
    }
  } finally {
    await gateway.stop()
    await Promise.all([server.close(), redis.stop()])
  }
}

/** The name of a row. */
export function rowName(row: number): string {
  return `row-${row}`
}

function inputOf(rows: number): string {
  return Array.from({ length: rows }, (_, row) => {
    const body = { model: 'auto', max_tokens: 20, messages: [{ role: 'user', content: `say #${rowName(row)}` }] }
    return `${JSON.stringify({ custom_id: rowName(row), method: 'POST', url: '/v1/chat/completions', body })}\n`
  }).join('')
}
