import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import { chatConfig } from '../../support/chat-ladder.ts'
import { createTestGateway, until, type TestGateway } from '../../support/gateway.ts'
import { failureOf } from '../../support/grpc-client.ts'
import { startPrivateRedis } from '../../support/private-redis.ts'

/** A running gateway with a real server behind its first rung. */
export interface Rung {
  readonly gateway: TestGateway
  /** Asks the ladder of the server alone, or the one with a spare rung behind it. */
  request(text: string, more?: RungRequest): InferRequest
  stop(): Promise<void>
}

/** What of a request differs. */
export interface RungRequest {
  readonly spare?: boolean
  readonly maxOutputTokens?: number
}

/** What the rung is. */
export interface RungOptions {
  readonly task: 'generate' | 'classify' | 'embed'
  readonly backend: object
  readonly concurrency?: number
}

const card = { title: 'A real server', licence: 'none', source: 'a test', trainingData: 'none', limits: 'of a test' }
const times = { connectTimeoutMs: 2000, firstByteTimeoutMs: 240_000, betweenChunksTimeoutMs: 240_000 }
const tasks = { generate: 'TASK_GENERATE', classify: 'TASK_CLASSIFY', embed: 'TASK_EMBED' } as const

/** Starts a router and two workers: one calls the server, the other repeats what it is asked. */
export async function openRung({ task, backend, concurrency = 4 }: RungOptions): Promise<Rung> {
  const redis = await startPrivateRedis()
  const common = { tasks: [task], modalities: ['text'], card, price: { perRequest: 100 } }
  const ladder = (rungs: readonly string[]): object => ({
    task,
    modalities: ['text'],
    rungs,
    uncalibrated: { confidenceThreshold: 0 },
  })
  const pools = { real: { tier: 'small', concurrency }, spare: { tier: 'large', concurrency } }
  const models = {
    served: { ...common, pool: 'real', backend: { ...times, ...backend } },
    spare: { ...common, pool: 'spare', backend: { kind: 'echo' } },
  }
  const hasSpare = task !== 'embed'
  const ladders = { alone: ladder(['served']), ...(hasSpare && { both: ladder(['served', 'spare']) }) }
  const parts = hasSpare
    ? { pools, models, ladders }
    : { pools: { real: pools.real }, models: { served: models.served }, ladders }
  const gateway = await createTestGateway({ ...chatConfig(parts), limits: { defaultDeadlineMs: 60_000 } }, redis.url)
  await gateway.startRouter()
  await gateway.startWorker('real')
  if (hasSpare) await gateway.startWorker('spare')
  await until(
    'the workers',
    () => gateway.client.listModels(),
    ({ models: known }) => known.every(one => (one.state?.workers ?? 0) > 0),
  )
  return {
    gateway,
    request: (text, { spare = false, maxOutputTokens } = {}) => ({
      task: tasks[task],
      content: [{ text }],
      constraints: { ladder: spare ? 'both' : 'alone' },
      options: {
        ...(task === 'classify' && { labels: ['food', 'weather'] }),
        ...(task === 'generate' && maxOutputTokens !== undefined && { maxOutputTokens }),
      },
    }),
    async stop() {
      await gateway.stop()
      await redis.stop()
    },
  }
}

/** What a cancel is measured with. */
export interface CancelOptions {
  readonly request: InferRequest
  readonly times: number
  /** Calls that the engine works on now, by its own word. */
  readonly running: () => Promise<number>
  /** Whether to wait for the first piece of the answer before leaving. */
  readonly streams: boolean
}

/** Leaves a call in its middle again and again; how long each took to leave the engine, in ms. */
export async function measureCancels(
  { gateway }: Rung,
  { request, times: count, running, streams }: CancelOptions,
): Promise<readonly number[]> {
  const took: number[] = []
  for (let turn = 0; turn < count; turn += 1) {
    await until('an idle engine', running, value => value === 0)
    const leaving = new AbortController()
    let pieces = 0
    const call = failureOf(
      streams
        ? gateway.client.inferStream(request, {
            signal: leaving.signal,
            deadlineMs: 600_000,
            onEvent: event => void (pieces += Number(event.event === 'textDelta')),
          })
        : gateway.client.infer(request, { signal: leaving.signal, deadlineMs: 600_000 }),
    )
    let ended: string | undefined
    void call.then(error => (ended = String(error)))
    const atWork = async (): Promise<number> => {
      if (ended !== undefined) throw new Error(`it has ended: ${ended}`)
      return running()
    }
    await until('the call in the engine', atWork, value => value === 1)
    if (streams)
      await until(
        'a piece',
        async () => pieces,
        value => value > 1,
      )
    const leftAt = performance.now()
    leaving.abort()
    await call
    while ((await running()) > 0) {
      if (performance.now() - leftAt > 20_000) throw new Error('the engine still works 20 s after the caller left')
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    took.push(performance.now() - leftAt)
  }
  return took
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Shows a figure where the run is read. */
export function tellFigure(server: string, what: string, figure: string): void {
  process.stdout.write(`figure: ${server}: ${what}: ${figure}\n`)
}

/** The wait that the router predicts for the server's rung, in ms. */
export async function predictedWaitMs({ gateway, request }: Rung, text: string): Promise<number> {
  // A busy machine must not be refused for its deadline before its queue is looked at.
  const asked = request(text, { maxOutputTokens: 8 })
  const { decision } = await gateway.client.explain(asked, { deadlineMs: 600_000 })
  const wait = decision?.candidates.find(({ model }) => model === 'served')?.predictedWait
  return wait === undefined || wait === null ? 0 : wait.seconds * 1000 + wait.nanos / 1e6
}

/** What came of the calls around a restart. */
export interface Restarted {
  /** The rungs that answered, each once. */
  readonly answeredBy: readonly string[]
  readonly failures: readonly string[]
}

/** Asks all the time, with another rung behind, while the server is killed and started again. */
export async function restartUnderLoad(
  { gateway, request }: Rung,
  { text, server }: { readonly text: string; readonly server: Restartable },
): Promise<Restarted> {
  const answeredBy: string[] = []
  const failures: string[] = []
  const count = async (): Promise<number> => answeredBy.length + failures.length
  let isOver = false
  const ask = async (): Promise<void> => {
    while (!isOver) {
      await gateway.client.infer(request(text, { spare: true, maxOutputTokens: 8 }), { deadlineMs: 60_000 }).then(
        ({ model }) => answeredBy.push(model),
        (error: unknown) => failures.push(String(error)),
      )
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }
  const callers = Array.from({ length: 4 }, ask)
  await until('answers', count, value => value >= 4, 60_000)
  await server.end('SIGKILL')
  const before = await count()
  await until('calls without the server', count, value => value >= before + 4, 60_000)
  await server.again()
  await until(
    'the server to answer again',
    async () => answeredBy.at(-1),
    model => model === 'served',
    60_000,
  )
  isOver = true
  await Promise.all(callers)
  return { answeredBy: [...new Set(answeredBy)].toSorted(), failures }
}

/** A server that can be stopped and started. */
export interface Restartable {
  end(signal?: NodeJS.Signals): Promise<void>
  again(): Promise<void>
}
