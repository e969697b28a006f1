import { request } from 'undici'
import { isCallCount, isSoundQueue, turnsOf } from '#services/state/registry/engine-turns'
import type { EngineQueue } from '#services/state/registry/worker-registry'
import type { Endpoint } from './endpoint.ts'
import { readLoadEveryMs, readLoadTimeoutMs } from '#services/backends/timings'

/** Reads again and again what engines have to do. */
export interface EngineLoad {
  /** The queue of the engine whose next call would wait least; `undefined` while none reports. */
  queue(): EngineQueue | undefined
  stop(): void
}

/**
 * Metric names of waiting calls, by engine.
 * @source the metrics pages of vLLM, SGLang, llama.cpp, text-generation-inference and Triton
 */
const waitingNames = [
  'vllm:num_requests_waiting',
  'sglang:num_queue_reqs',
  'llamacpp:requests_deferred',
  'tgi_queue_size',
  'nv_inference_pending_request_count',
]

/** Metric names of running calls, by engine; Triton has none. @source as above */
const runningNames = [
  'vllm:num_requests_running',
  'sglang:num_running_reqs',
  'llamacpp:requests_processing',
  'tgi_batch_current_size',
]

/** Pages of engines are some ten kilobytes; one that has no end must not fill the memory. */
const mostPageBytes = 4 * 1024 * 1024
/** The names and labels of a series; a longer line is of no queue. */
const longestLine = 4096

/** Where the page of an endpoint's engine is. @throws TypeError where that cannot be an address */
export type PageOf = (endpoint: Endpoint) => URL

/** Begins to read the page of each endpoint's engine. */
export function watchEngineLoad(endpoints: readonly Endpoint[], urlOf: PageOf): EngineLoad {
  const queues = new Map<Endpoint, EngineQueue>()
  let reading = false
  const read = async (): Promise<void> => {
    if (reading) return
    reading = true
    try {
      await Promise.all(
        endpoints.map(async endpoint => {
          const page = await readPage(endpoint, urlOf)
          const queue = page === undefined ? undefined : readQueue(page, endpoint.running)
          endpoint.setEngineWaiting(queue?.waiting ?? 0)
          if (queue === undefined) queues.delete(endpoint)
          else queues.set(endpoint, queue)
        }),
      )
    } finally {
      reading = false
    }
  }
  void read()
  const timer = setInterval(() => void read(), readLoadEveryMs)
  timer.unref()
  return {
    queue() {
      const open = [...queues].flatMap(([endpoint, queue]) => (endpoint.available() ? [queue] : []))
      const among = open.length > 0 ? open : [...queues.values()]
      return among.toSorted((one, other) => turnsOf(one) - turnsOf(other))[0]
    },
    stop: () => clearInterval(timer),
  }
}

/**
 * An engine that does not tell is chosen by what is known here. Redirects are not followed: the page is where the
 * operator said.
 */
async function readPage(endpoint: Endpoint, urlOf: PageOf): Promise<string | undefined> {
  try {
    const options = { dispatcher: endpoint.dispatcher, signal: AbortSignal.timeout(readLoadTimeoutMs) }
    const { statusCode, body } = await request(urlOf(endpoint), options)
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
 * Reads a page of metrics; `undefined` where nothing tells of a queue, or tells what cannot be. Where an engine does
 * not say how many calls it works on, it is those of our own that do not wait.
 * @source Prometheus text exposition format 0.0.4
 */
export function readQueue(page: string, ownRunning: number): EngineQueue | undefined {
  const waiting = sumOf(page, waitingNames)
  if (waiting === undefined) return undefined
  const queue = { waiting, running: sumOf(page, runningNames) ?? Math.max(0, ownRunning - waiting) }
  return isSoundQueue(queue) ? queue : undefined
}

/**
 * The sum of the series of these names; NaN where one of them says what cannot be. Each name is looked for, not each
 * line read: pages are long.
 */
function sumOf(page: string, names: readonly string[]): number | undefined {
  let sum: number | undefined
  for (const name of names) {
    for (let at = page.indexOf(name); at !== -1; at = page.indexOf(name, at + name.length)) {
      const rest = at === 0 || page[at - 1] === '\n' ? restOfLine(page, at + name.length) : ''
      // A longer name is another metric.
      if (/^[{\s]/u.test(rest)) sum = (sum ?? 0) + valueIn(rest)
    }
  }
  return sum
}

/** A line from a place to its end; nothing of one that is too long. */
function restOfLine(page: string, from: number): string {
  const most = page.slice(from, from + longestLine)
  const end = most.indexOf('\n')
  if (end !== -1) return most.slice(0, end)
  return most.length < longestLine ? most : ''
}

/** The number behind the labels, before the time; NaN where it is none that can be. */
function valueIn(rest: string): number {
  const [word = ''] = rest
    .slice(rest.lastIndexOf('}') + 1)
    .trim()
    .split(/\s/u, 1)
  const value = word === '' ? Number.NaN : Number(word)
  return isCallCount(value) ? value : Number.NaN
}
