import { request } from 'undici'
import type { EngineQueue } from '../../../shared/registry/worker-registry.ts'
import type { Endpoint } from './endpoint.ts'

/** Reads again and again what engines have to do. */
export interface EngineLoad {
  /** The queue of the engine whose next call would wait least; `undefined` while none tells. */
  queue(): EngineQueue | undefined
  stop(): void
}

/** By what names engines tell of calls that wait. @source the metrics pages of vLLM, SGLang, llama.cpp, text-generation-inference and Triton */
const waitingNames: ReadonlySet<string> = new Set([
  'vllm:num_requests_waiting',
  'sglang:num_queue_reqs',
  'llamacpp:requests_deferred',
  'tgi_queue_size',
  'nv_inference_pending_request_count',
])

/** By what names they tell of calls that they work on; Triton does not. @source as above */
const runningNames: ReadonlySet<string> = new Set([
  'vllm:num_requests_running',
  'sglang:num_running_reqs',
  'llamacpp:requests_processing',
  'tgi_batch_current_size',
])

const readEveryMs = 1000
const timeoutMs = 900
/** Pages of engines are some ten kilobytes; one that has no end must not fill the memory. */
const mostPageBytes = 4 * 1024 * 1024

/** Begins to read `path` at the root of each endpoint's server. */
export function watchEngineLoad(endpoints: readonly Endpoint[], path: string): EngineLoad {
  const told = new Map<Endpoint, EngineQueue>()
  let reading = false
  const read = async (): Promise<void> => {
    if (reading) return
    reading = true
    await Promise.all(
      endpoints.map(async endpoint => {
        const page = await pageAt(new URL(path, endpoint.baseUrl), endpoint)
        const queue = page === undefined ? undefined : readQueue(page, endpoint.running)
        endpoint.setEngineWaiting(queue?.waiting ?? 0)
        if (queue === undefined) told.delete(endpoint)
        else told.set(endpoint, queue)
      }),
    )
    reading = false
  }
  void read()
  const timer = setInterval(() => void read(), readEveryMs)
  timer.unref()
  return {
    queue() {
      const open = [...told].flatMap(([endpoint, queue]) => (endpoint.available() ? [queue] : []))
      const among = open.length > 0 ? open : [...told.values()]
      return among.toSorted((one, other) => turnsOf(one) - turnsOf(other))[0]
    },
    stop: () => clearInterval(timer),
  }
}

/** Service times that a call would wait. */
function turnsOf({ waiting, running }: EngineQueue): number {
  return waiting / Math.max(1, running)
}

/** An engine that does not tell is chosen by what is known here. Redirects are not followed: the page is where the operator said. */
async function pageAt(url: URL, { dispatcher }: Endpoint): Promise<string | undefined> {
  try {
    const { statusCode, body } = await request(url, { dispatcher, signal: AbortSignal.timeout(timeoutMs) })
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of body) {
      const piece: Buffer = chunk
      bytes += piece.byteLength
      if (bytes > mostPageBytes) return undefined
      chunks.push(piece)
    }
    return statusCode === 200 ? Buffer.concat(chunks).toString() : undefined
  } catch {
    return undefined
  }
}

/**
 * Reads a page of metrics; `undefined` where nothing tells of a queue. Where an engine does not say how many calls it works on, it is
 * those of our own that do not wait.
 * @source Prometheus text exposition format 0.0.4
 */
export function readQueue(page: string, ownRunning: number): EngineQueue | undefined {
  const waiting = sumOf(page, waitingNames)
  if (waiting === undefined) return undefined
  return { waiting, running: sumOf(page, runningNames) ?? Math.max(0, ownRunning - waiting) }
}

function sumOf(page: string, names: ReadonlySet<string>): number | undefined {
  let sum: number | undefined
  for (const line of page.split('\n')) {
    const name = /^[a-zA-Z_:][\w:]*/u.exec(line)?.[0]
    if (name === undefined || !names.has(name)) continue
    const value = Number(/(?:\}|\s)\s*([^\s}]+)(?:\s+\d+)?\s*$/u.exec(line.slice(name.length))?.[1])
    if (Number.isFinite(value) && value >= 0) sum = (sum ?? 0) + value
  }
  return sum
}
