import { textRequest } from '../processes.ts'
import { isAlive, type Deployment, type Router } from './deployment.ts'

/** One call and what its caller saw. */
export interface Seen {
  /** The word by which the model server knows it. */
  readonly mark: string
  readonly kind: 'call' | 'job'
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
  readonly deadlineMs?: number
}

let marks = 0

/** Calls every router in turn at a steady rate, and asks every process each 100 ms whether it is ready. */
export function startCallers(deployment: Deployment, options: CallersOptions = {}): Callers {
  const { callsPerSecond = 10, jobsPerSecond = 4, deadlineMs = 5000 } = options
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
    const one = call(router, kind, deadlineMs).then(result => void seen.push(result))
    open.add(one)
    void one.finally(() => open.delete(one))
  }
  const timers = [
    setInterval(() => begin('call'), 1000 / callsPerSecond),
    ...(jobsPerSecond > 0 ? [setInterval(() => begin('job'), 1000 / jobsPerSecond)] : []),
    setInterval(() => {
      for (const url of deployment.opsUrls) void ask(url).then(one => readyz.push(one))
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

async function call(router: Router, kind: Seen['kind'], deadlineMs: number): Promise<Seen> {
  marks += 1
  const mark = `#${kind}-${process.pid}-${marks}`
  const startedAt = Date.now()
  const { client } = router
  const request = textRequest(`${mark} say that all is well`)
  const called =
    kind === 'call'
      ? await client.infer(request, { deadlineMs })
      : await client.submit({ ...request, options: {} }, { deadlineMs })
  const jobId = called.answer !== undefined && 'jobId' in called.answer ? called.answer.jobId : undefined
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

async function ask(url: string): Promise<ReadyzSeen> {
  const at = Date.now()
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) })
    return { url, at, ready: response.status === 200, text: (await response.text()).trim() }
  } catch {
    return { url, at, ready: false, text: 'no answer' }
  }
}
