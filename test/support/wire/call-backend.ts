import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { createBackend } from '#services/backends/create-backend'
import { silentMeter } from '#services/backends/remote/upstream-meter'
import type { Outcome, Work } from '#services/backends/work'
import { chatWork } from '../servers/ask-server.ts'
import type { RecordedPart, RecordedWork } from './fixture.ts'

/** What came of a call, and what was odd about it. */
export interface Called {
  readonly outcome: Outcome
  readonly oddities: readonly string[]
  /** What was streamed of the answer, piece by piece. */
  readonly pieces: readonly string[]
}

const times = { connectTimeoutMs: 5000, firstByteTimeoutMs: 240_000, betweenChunksTimeoutMs: 240_000, attempts: 1 }
const never = new AbortController().signal

/** Calls a server through the real backend. */
export async function callBackend(
  spec: Readonly<Record<string, unknown>>,
  recorded: RecordedWork,
  signal: AbortSignal = never,
): Promise<Called> {
  const oddities: string[] = []
  const pieces: string[] = []
  const backend = await createBackend({ vision: true, logprobs: false, ...times, ...spec } as never, {
    packPath: () => '',
    executionProviders: ['cpu'],
    threads: 1,
    logger: pino({ level: 'silent' }),
    clock: { now: () => Date.now() },
    meter: { ...silentMeter, oddity: (_model, kind) => void oddities.push(kind) },
  })
  try {
    const [outcome] = await backend.run([workOf(recorded)], {
      cancelled: () => signal.aborted,
      signal: () => signal,
      onDelta: async (_leg, text, of = 'text') => void (of === 'text' && pieces.push(text)),
    })
    if (outcome === undefined) throw new Error('there is no outcome')
    return { outcome, oddities, pieces }
  } finally {
    await backend.close()
  }
}

function workOf({ task, options = {}, recipe = {}, parts, messages, streaming = false }: RecordedWork): Work {
  return chatWork({
    task,
    options,
    recipe,
    parts: parts.map(partOf),
    streaming,
    deadlineAt: Date.now() + 120_000,
    ...(messages === undefined ? {} : { messages }),
  })
}

const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url))

function partOf(part: RecordedPart): Work['parts'][number] {
  if (!('file' in part)) return part
  const { kind, file, mediaType } = part
  return { kind, mediaType, bytes: readFileSync(join(fixtures, file)) }
}
