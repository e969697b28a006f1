import { builtEntry } from '#services/platform/process/built-entry'
import { startComputingProcess, type ComputingProcess } from '#services/platform/process/computing-process'
import { MediaError } from '../media-error.ts'

/** Decodes media, each in a process that may die without harm to anything but its request. */
export interface DecodingProcesses<Order, Decoded> {
  /** @throws MediaError when it cannot be decoded, or not in time; the signal's reason when that is aborted */
  decode(order: Order, signal: AbortSignal): Promise<Decoded>
}

/** What a process says of an order. */
export type Decoding<Decoded> =
  | { readonly kind: 'decoded'; readonly decoded: Decoded }
  | { readonly kind: 'refused'; readonly why: string }

/** How decoding processes run. */
export interface DecodingProcessesOptions {
  /** The module that asks, and the name of the entry beside it. */
  readonly moduleUrl: string
  readonly entry: string
  /** What is decoded, in the words of an error. */
  readonly what: string
  /** A medium that takes longer is refused. */
  readonly timeoutMs: number
  /** Processes at once; others wait for their turn. */
  readonly processes: number
  /** Whether each order gets a process of its own, for decoders whose memory only grows. */
  readonly fresh?: boolean
}

/** Makes them. A process that is idle waits for the next order; one that is stopped is replaced. */
export function createDecodingProcesses<Order extends object, Decoded>(
  options: DecodingProcessesOptions,
): DecodingProcesses<Order, Decoded> {
  const { timeoutMs, processes, what, fresh = false } = options
  const idle: Running<Order, Decoded>[] = []
  const waiting: (() => void)[] = []
  let busy = 0

  const turn = async (signal: AbortSignal): Promise<void> => {
    if (busy < processes) {
      busy++
      return
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        waiting.splice(waiting.indexOf(begin), 1)
        reject(signal.reason)
      }
      const begin = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      signal.addEventListener('abort', leave, { once: true })
      waiting.push(begin)
    })
  }
  const done = (): void => {
    const next = waiting.shift()
    if (next === undefined) busy--
    else next()
  }

  return {
    async decode(order, signal) {
      signal.throwIfAborted()
      await turn(signal)
      const running = idle.pop() ?? startDecoding<Order, Decoded>(options)
      const stop = new AbortController()
      const end = (): void => stop.abort()
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
      const timer = setTimeout(end, timeoutMs)
      try {
        const result = await running.ask(order, stop.signal)
        if (fresh) running.end()
        else if (running.alive()) idle.push(running)
        if (result.kind === 'refused') throw new MediaError(result.why)
        return result.decoded
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (stop.signal.aborted) throw new MediaError(`the ${what} takes too long to decode`)
        throw error
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        done()
      }
    },
  }
}

interface Running<Order, Decoded> {
  ask(order: Order, stop: AbortSignal): Promise<Decoding<Decoded>>
  alive(): boolean
  end(): void
}

function startDecoding<Order extends object, Decoded>({
  moduleUrl,
  entry,
  what,
}: DecodingProcessesOptions): Running<Order, Decoded> {
  let dead = false
  let answered: ((result: Decoding<Decoded>) => void) | undefined
  const child: ComputingProcess<Order> = startComputingProcess({
    entry: builtEntry(moduleUrl, entry),
    onMessage: (result: Decoding<Decoded>) => answered?.(result),
  })
  const kill = (): void => {
    dead = true
    child.kill()
  }
  const noteDeath = async (): Promise<void> => {
    await child.died
    dead = true
    answered?.({ kind: 'refused', why: `the ${what} cannot be decoded` })
  }
  child.stay(false)
  void noteDeath()
  return {
    alive: () => !dead,
    end: kill,
    async ask(order, stop) {
      if (stop.aborted) kill()
      stop.addEventListener('abort', kill, { once: true })
      child.stay(true)
      try {
        return await new Promise<Decoding<Decoded>>(resolve => {
          answered = resolve
          child.send(order)
        })
      } finally {
        stop.removeEventListener('abort', kill)
        child.stay(false)
        answered = undefined
      }
    },
  }
}
