import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { Job__Output } from '#services/wire/generated/sluice/v1/Job'
import { textRequest, type Called, type TestClient } from '../processes.ts'
import { isAlive, type Deployment, type Router } from './deployment.ts'

/** One call and what its caller saw. */
export interface Seen {
  /** The word by which the model server knows it. */
  readonly mark: string
  readonly kind: 'call' | 'job' | 'stream'
  readonly startedAt: number
  readonly elapsedMs: number
  /** OK, or the name of a status. */
  readonly status: string
  readonly reason?: string
  readonly retryAfterMs?: number
  readonly jobId?: string
  readonly router: Router
}

/** What `/readyz` of one process said. */
export interface ReadyzSeen {
  readonly url: string
  readonly at: number
  readonly ready: boolean
  readonly text: string
}

/** Load that goes on, whatever comes back. */
export interface Callers {
  readonly seen: readonly Seen[]
  readonly readyz: readonly ReadyzSeen[]
  /** Calls nothing more and waits for what is under way. */
  stop(): Promise<void>
}

/** How much is called. */
export interface CallersOptions {
  readonly callsPerSecond?: number
  readonly jobsPerSecond?: number
  readonly streamsPerSecond?: number
  /** How long the model server takes to tell a stream's answer. */
  readonly streamMs?: number
  readonly deadlineMs?: number
}

let marks = 0

/** Calls every router in turn at a steady rate, and asks every process each 100 ms whether it is ready. */
export function startCallers(deployment: Deployment, options: CallersOptions = {}): Callers {
  const { callsPerSecond = 10, jobsPerSecond = 4, streamsPerSecond = 0, deadlineMs = 5000, streamMs = 1000 } = options
  const seen: Seen[] = []
  const readyz: ReadyzSeen[] = []
  const open = new Set<Promise<void>>()
  let turn = 0
  const begin = (kind: Seen['kind']): void => {
    // As whoever distributes calls leaves out a router that is gone.
    const living = deployment.routers.filter(({ process: running }) => isAlive(running))
    const router = living[turn % living.length]
    turn += 1
    if (router === undefined) return
    const one = call(router, kind, { deadlineMs, streamMs }).then(result => void seen.push(result))
    open.add(one)
    void one.finally(() => open.delete(one))
  }
  const perSecond = { call: callsPerSecond, job: jobsPerSecond, stream: streamsPerSecond }
  const begun = (['call', 'job', 'stream'] as const).filter(kind => perSecond[kind] > 0)
  const timers = [
    ...begun.map(kind => setInterval(() => begin(kind), 1000 / perSecond[kind])),
    setInterval(() => {
      for (const url of deployment.opsUrls) void askReady(url).then(one => readyz.push(one))
    }, 100),
  ]
  return {
    seen,
    readyz,
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await Promise.all(open)
    },
  }
}

interface CallTimes {
  readonly deadlineMs: number
  readonly streamMs: number
}

async function ask(
  client: TestClient,
  kind: Seen['kind'],
  mark: string,
  { deadlineMs, streamMs }: CallTimes,
): Promise<Called<unknown>> {
  const request = textRequest(`${mark} ${kind === 'stream' ? `drip=${streamMs} ` : ''}say that all is well`)
  if (kind === 'stream') return askStream(client, request, deadlineMs)
  if (kind === 'job') return client.submit({ ...request, options: {} }, { deadlineMs })
  return client.infer(request, { deadlineMs })
}

/** Reads a stream to its end, which is a failure of its own where its text is not whole. */
async function askStream({ stream }: TestClient, request: InferRequest, deadlineMs: number): Promise<Called<unknown>> {
  const called = await stream(request, { deadlineMs })
  const text = called.answer?.map(event => event.textDelta?.text ?? '').join('')
  if (called.failure !== undefined || text === 'all is well') return called
  const failure = { status: 'BROKEN', message: `its text is ${JSON.stringify(text)}`, metadata: {}, violations: [] }
  return { failure, elapsedMs: called.elapsedMs }
}

async function call(router: Router, kind: Seen['kind'], times: CallTimes): Promise<Seen> {
  marks += 1
  const mark = `#${kind}-${process.pid}-${marks}`
  const startedAt = Date.now()
  const called = await ask(router.client, kind, mark, times)
  const jobId = kind === 'job' ? (called.answer as Job__Output | undefined)?.jobId : undefined
  return {
    mark,
    kind,
    startedAt,
    elapsedMs: called.elapsedMs,
    status: called.failure?.status ?? 'OK',
    router,
    ...(called.failure?.reason === undefined ? {} : { reason: called.failure.reason }),
    ...(called.failure?.retryAfterMs === undefined ? {} : { retryAfterMs: called.failure.retryAfterMs }),
    ...(jobId === undefined ? {} : { jobId }),
  }
}

async function askReady(url: string): Promise<ReadyzSeen> {
  const at = Date.now()
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) })
    return { url, at, ready: response.status === 200, text: (await response.text()).trim() }
  } catch {
    return { url, at, ready: false, text: 'no answer' }
  }
}
