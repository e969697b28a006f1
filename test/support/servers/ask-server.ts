import { pino, type Logger } from 'pino'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { RunControl } from '#services/backends/backend'
import type { Outcome, Work } from '#services/backends/work'
import type { UpstreamMeter } from '#services/backends/remote/upstream-meter'
import { createAnthropicBackend } from '#services/backends/anthropic/anthropic'
import { createGeminiBackend } from '#services/backends/gemini/gemini'
import { createOpenaiBackend } from '#services/backends/openai/openai'

/** A protocol of chat servers. */
export type Wire = 'openai' | 'anthropic' | 'gemini'

/** Where each protocol asks, under the base address of a model named `m`. */
export const wirePaths: Readonly<Record<Wire, string>> = {
  openai: '/chat/completions',
  anthropic: '/messages',
  gemini: '/models/m:streamGenerateContent',
}

const create = { openai: createOpenaiBackend, anthropic: createAnthropicBackend, gemini: createGeminiBackend } as const

/** A leg that asks for text. */
export function chatWork(more: Partial<Work> = {}): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model: 'm',
    recipe: {},
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text: 'Hi' }],
    deadlineAt: Date.now() + 20_000,
    streaming: false,
    ...more,
  }
}

/** What a call is made with beside the work. */
export interface AskOptions {
  readonly logger?: Logger
  readonly meter?: UpstreamMeter
  /** Fields of the backend that differ from those of the test. */
  readonly spec?: object
  readonly onDelta?: RunControl['onDelta']
}

const never = new AbortController().signal

/** Asks a server once, through the backend of its protocol. */
export async function askServer(kind: Wire, baseUrl: string, work: Work, options: AskOptions = {}): Promise<Outcome> {
  const { logger = pino({ level: 'silent' }), meter, spec, onDelta = async () => {} } = options
  const times = { connectTimeoutMs: 5000, firstByteTimeoutMs: 10_000, betweenChunksTimeoutMs: 10_000, attempts: 1 }
  const backend = await create[kind](
    { kind, baseUrl, model: 'm', vision: true, logprobs: false, ...times, ...spec } as never,
    {
      packPath: () => '',
      executionProviders: ['cpu'],
      threads: 1,
      logger,
      clock: { now: () => Date.now() },
      ...(meter === undefined ? {} : { meter }),
    },
  )
  const [outcome] = await backend.run([work], { cancelled: () => false, signal: () => never, onDelta })
  await backend.close()
  if (outcome === undefined) throw new Error('there is no outcome')
  return outcome
}
