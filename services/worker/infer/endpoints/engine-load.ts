import { fetch } from 'undici'
import type { Endpoint } from './endpoint.ts'

/** Reads again and again how many calls engines have waiting. */
export interface EngineLoad {
  /** Calls waiting in all engines together; `undefined` while none tells. */
  waiting(): number | undefined
  stop(): void
}

/** By what names engines tell of calls that wait. @source the metrics pages of vLLM, SGLang, llama.cpp, text-generation-inference and Triton */
const waitingNames: readonly string[] = [
  'vllm:num_requests_waiting',
  'sglang:num_queue_reqs',
  'llamacpp:requests_deferred',
  'tgi_queue_size',
  'nv_inference_pending_request_count',
]

const readEveryMs = 1000
const timeoutMs = 900

/** Begins to read `path` at the root of each endpoint's server. */
export function watchEngineLoad(endpoints: readonly Endpoint[], path: string): EngineLoad {
  const told = new Map<Endpoint, number>()
  let reading = false
  const read = async (): Promise<void> => {
    if (reading) return
    reading = true
    await Promise.all(
      endpoints.map(async endpoint => {
        const count = await waitingAt(new URL(path, endpoint.baseUrl), endpoint)
        endpoint.setEngineWaiting(count ?? 0)
        if (count === undefined) told.delete(endpoint)
        else told.set(endpoint, count)
      }),
    )
    reading = false
  }
  void read()
  const timer = setInterval(() => void read(), readEveryMs)
  timer.unref()
  return {
    waiting: () => (told.size === 0 ? undefined : [...told.values()].reduce((sum, count) => sum + count, 0)),
    stop: () => clearInterval(timer),
  }
}

async function waitingAt(url: URL, { dispatcher }: Endpoint): Promise<number | undefined> {
  try {
    const response = await fetch(url, { dispatcher, signal: AbortSignal.timeout(timeoutMs) })
    return response.ok ? readWaiting(await response.text()) : undefined
  } catch {
    // An engine that does not tell is chosen by what is known here.
    return undefined
  }
}

/** Sums the waiting calls in a page of metrics; `undefined` where none of the names is there. @source Prometheus text exposition format 0.0.4 */
export function readWaiting(page: string): number | undefined {
  let sum: number | undefined
  for (const line of page.split('\n')) {
    const name = /^[a-zA-Z_:][\w:]*/u.exec(line)?.[0]
    if (name === undefined || !waitingNames.includes(name)) continue
    const value = Number(/(?:\}|\s)\s*([^\s}]+)(?:\s+\d+)?\s*$/u.exec(line.slice(name.length))?.[1])
    if (Number.isFinite(value)) sum = (sum ?? 0) + value
  }
  return sum
}
