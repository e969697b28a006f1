import { createHash } from 'node:crypto'
import { isWords, wordsIn } from '#services/contract/content'
import { noWork } from '#services/state/service-times/workload'
import { createMutex } from '#services/platform/process/mutex'
import type { Backend, RunControl } from '../backend.ts'
import type { Outcome, Work } from '#services/backends/work'

/**
 * A model that answers with its input: for trials and measurements of the way itself, where a real model would hide
 * what the way costs.
 */
export interface EchoSpec {
  readonly kind: 'echo'
  /** What it takes: always, or at the median when `spread` is over 0. */
  readonly delayMs: number
  /**
   * Standard deviation of the logarithm of what it takes: the delay of an input is lognormal, and always the same
   * for the same text.
   */
  readonly spread: number
  /** What it says of its own answer. */
  readonly confidence: number
  /** Text may say otherwise: `delay=200 confidence=0.1 answer=no …`. */
  readonly obeys: boolean
  /** Share of answers that fail, spread evenly. */
  readonly failRatio: number
  /** What it takes more by the work that the input is. */
  readonly audioSecondMs: number
  readonly megapixelMs: number
  readonly inputTokenMs: number
  /** `generate`: what it takes more for each output token that it may write. */
  readonly outputTokenMs: number
  /** One answer after the other, as a model that computes. */
  readonly oneAtATime: boolean
}

const echoBatch = 64
const charactersPerDelta = 16

/** Makes an echo. */
export function createEchoBackend(spec: EchoSpec): Promise<Backend> {
  let asked = 0
  const mutex = createMutex()
  const fails = (): boolean => {
    asked += 1
    return Math.floor(asked * spec.failRatio) > Math.floor((asked - 1) * spec.failRatio)
  }
  return Promise.resolve({
    maxBatch: spec.oneAtATime ? 1 : echoBatch,
    async run(batch, control) {
      if (!spec.oneAtATime) return Promise.all(batch.map(work => echo(work, spec, fails(), control)))
      const leave = await mutex.enter()
      const startedAt = Date.now()
      try {
        return await Promise.all(batch.map(work => echo(work, spec, fails(), control)))
      } finally {
        control.ran?.(startedAt, Date.now())
        leave()
      }
    },
    close: () => Promise.resolve(),
  })
}

async function echo(work: Work, spec: EchoSpec, fail: boolean, control: RunControl): Promise<Outcome> {
  const startedAt = performance.now()
  const { text, delayMs, confidence } = behaviourOf(textOf(work), spec)
  await wait(delayMs + workMsOf(work, spec), control.signal(work.legId))
  const computeMs = performance.now() - startedAt
  if (control.cancelled(work.legId)) {
    return { kind: 'failed', reason: 'cancelled', message: 'it was cancelled', usage: { computeMs } }
  }
  if (fail) return { kind: 'failed', reason: 'model-error', message: 'the echo fails on purpose', usage: { computeMs } }
  if (work.streaming) {
    for (let at = 0; at < text.length; at += charactersPerDelta) {
      await control.onDelta(work.legId, text.slice(at, at + charactersPerDelta))
    }
  }
  return {
    kind: 'done',
    result: {
      output: outputOf(work, text),
      rawConfidence: confidence,
      signals: { characters: text.length },
      // An echo that takes time by the token writes as many as it may.
      usage: {
        outputTokens: (spec.outputTokenMs > 0 ? work.options.maxOutputTokens : undefined) ?? text.length,
        computeMs,
      },
    },
  }
}

/**
 * Lognormal over texts: the digest of one gives two even numbers, and these a normal one.
 * @source Box and Muller (1958)
 */
function delayOf(text: string, { delayMs, spread }: EchoSpec): number {
  if (spread === 0) return delayMs
  const digest = createHash('sha256').update(text).digest()
  const [radius, angle] = [0, 4].map(at => (digest.readUInt32BE(at) + 0.5) / 2 ** 32) as [number, number]
  return delayMs * Math.exp(spread * Math.sqrt(-2 * Math.log(radius)) * Math.cos(2 * Math.PI * angle))
}

function workMsOf({ workload = noWork, options }: Work, spec: EchoSpec): number {
  const { audioSeconds, megapixels, inputTokens } = workload
  const { audioSecondMs, megapixelMs, inputTokenMs, outputTokenMs } = spec
  const outputTokens = options.maxOutputTokens ?? 0
  return (
    audioSecondMs * audioSeconds + megapixelMs * megapixels + inputTokenMs * inputTokens + outputTokenMs * outputTokens
  )
}

function textOf({ parts }: Work): string {
  return parts
    .map(part => (isWords(part) ? wordsIn(part) : `${part.kind} of ${part.bytes.byteLength} bytes`))
    .join('\n')
}

function behaviourOf(text: string, spec: EchoSpec) {
  const { obeys, confidence } = spec
  const delayMs = delayOf(text, spec)
  if (!obeys) return { text, delayMs, confidence }
  return {
    text: wordIn(text, 'answer') ?? text,
    delayMs: numberIn(text, 'delay') ?? delayMs,
    confidence: numberIn(text, 'confidence') ?? confidence,
  }
}

/** A word such as `delay=200` in the text. */
function numberIn(text: string, name: string): number | undefined {
  const found = new RegExp(`(?:^|\\s)${name}=(\\d+(?:\\.\\d+)?)(?:\\s|$)`, 'u').exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}

/** A word such as `answer=no` in the text. */
function wordIn(text: string, name: string): string | undefined {
  return new RegExp(`(?:^|\\s)${name}=(\\S+)`, 'u').exec(text)?.[1]
}

function outputOf(work: Work, text: string): (Outcome & { kind: 'done' })['result']['output'] {
  const [label] = work.options.labels ?? []
  return work.task === 'classify' && label !== undefined
    ? { kind: 'labels', labels: [{ label, score: 1 }] }
    : { kind: 'text', text }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
