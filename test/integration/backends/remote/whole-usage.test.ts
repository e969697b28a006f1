import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Task } from '#services/contract/content'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { Usage } from '#services/contract/price'
import type { RunControl } from '#services/backends/backend'
import type { Work } from '#services/backends/work'
import { createUpstreamMeter } from '#services/backends/remote/upstream-metrics'
import { createOpenaiBackend } from '#services/backends/openai/openai'
import { startScriptedServer, type ScriptedServer } from '../../../support/servers/scripted-server.ts'
import { wavFile, type WavShape } from '../../../support/wav-file.ts'

/** One answer that comes whole, and what is to be billed for it. */
interface Case {
  readonly says: string
  readonly answer: object
  readonly usage: Usage
  readonly odd?: readonly string[]
  readonly wav?: Uint8Array
}

const silence = (seconds: number, shape: WavShape): Uint8Array =>
  wavFile(new Float32Array(Math.round(seconds * shape.sampleRate) * shape.channels), shape)
const usual = silence(2.5, { sampleRate: 16_000, channels: 1, bits: 16 })
const transcript = { text: 'one two three' }

const transcribe: readonly Case[] = [
  { says: 'nothing of its use', answer: transcript, usage: { audioMs: 2500 }, wav: usual },
  ...(
    [
      ['48 kHz stereo', 48_000, 2, 16],
      ['telephone', 8000, 1, 8],
      ['24 bits', 44_100, 1, 24],
      ['32 bits', 22_050, 2, 32],
      ['low rate', 11_025, 1, 16],
    ] as const
  ).map(([says, sampleRate, channels, bits]) => ({
    says: `nothing of its use, for ${says}`,
    answer: transcript,
    usage: { audioMs: 1500 },
    wav: silence(1.5, { sampleRate, channels, bits }),
  })),
  {
    says: 'nothing of its use, for floats that are a fraction of a millisecond long',
    answer: transcript,
    usage: { audioMs: 2 },
    wav: silence(0.0021, { sampleRate: 48_000, channels: 1, bits: 32, encoding: 'float' }),
  },
  { says: 'seconds', answer: { ...transcript, usage: { type: 'duration', seconds: 3 } }, usage: { audioMs: 3000 } },
  { says: 'a duration', answer: { ...transcript, duration: 2.4700000286102295 }, usage: { audioMs: 2470 } },
  {
    says: 'a duration as a text',
    answer: { ...transcript, duration: '2.48' },
    usage: { audioMs: 2480 },
    odd: ['usage-malformed'],
  },
  {
    says: 'a duration, and what it bills',
    answer: { ...transcript, duration: 2.5, usage: { type: 'duration', seconds: 3 } },
    usage: { audioMs: 3000 },
  },
  { says: 'a duration of nothing', answer: { ...transcript, duration: 0, usage: null }, usage: { audioMs: 2500 } },
  {
    says: 'tokens',
    answer: {
      ...transcript,
      usage: {
        type: 'tokens',
        input_tokens: 30,
        output_tokens: 6,
        total_tokens: 36,
        input_token_details: { audio_tokens: 30, text_tokens: 0 },
      },
    },
    usage: { inputTokens: 30, outputTokens: 6, audioMs: 2500 },
  },
  {
    says: 'seconds and tokens, as Mistral does',
    answer: {
      ...transcript,
      usage: { prompt_audio_seconds: 3, prompt_tokens: 4, completion_tokens: 6, total_tokens: 35 },
      segments: [],
    },
    usage: { inputTokens: 4, outputTokens: 6, audioMs: 3000 },
    odd: ['usage-total'],
  },
  {
    says: 'more seconds than there are',
    answer: { ...transcript, duration: 2500 },
    usage: { audioMs: 2_500_000 },
    odd: ['seconds-over-length'],
  },
  {
    says: 'more tokens than any text has',
    answer: { ...transcript, usage: { input_tokens: 30, output_tokens: 90_000 } },
    usage: { inputTokens: 30, outputTokens: 90_000, audioMs: 2500 },
    odd: ['output-over-cap'],
  },
  {
    says: 'segments and use that nobody can read',
    answer: { ...transcript, segments: [null, 'a', { avg_logprob: 'high' }], usage: [1], duration: {} },
    usage: { audioMs: 2500 },
    odd: ['usage-malformed'],
  },
]

const vector = { data: [{ embedding: [0.5, -0.25] }] }
const embed: readonly Case[] = [
  {
    says: 'its tokens',
    answer: { ...vector, usage: { prompt_tokens: 4, total_tokens: 4 } },
    usage: { inputTokens: 4 },
  },
  { says: 'a total alone', answer: { ...vector, usage: { total_tokens: 4 } }, usage: { inputTokens: 4 } },
  {
    says: 'its tokens as Responses do',
    answer: { ...vector, usage: { input_tokens: 4, output_tokens: 0 } },
    usage: { inputTokens: 4 },
  },
  {
    says: 'half a token',
    answer: { ...vector, usage: { prompt_tokens: 3.5, total_tokens: null } },
    usage: { inputTokens: 4 },
    odd: ['usage-malformed'],
  },
  {
    says: 'nothing',
    answer: vector,
    usage: { inputTokens: 3, estimated: true },
    odd: ['usage-missing'],
  },
  {
    says: 'zeros',
    answer: { ...vector, usage: { prompt_tokens: 0, total_tokens: 0 } },
    usage: { inputTokens: 3, estimated: true },
    odd: ['usage-too-few'],
  },
  {
    says: 'its vector in base64',
    answer: {
      data: [{ embedding: Buffer.from(Float32Array.of(0.5, -0.25).buffer).toString('base64') }],
      usage: { prompt_tokens: 4 },
    },
    usage: { inputTokens: 4 },
  },
]

const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII='
const drawn = { created: 1, data: [{ b64_json: picture }] }
const draw: readonly Case[] = [
  { says: 'nothing of its use', answer: drawn, usage: { images: 1 } },
  {
    says: 'its tokens',
    answer: { ...drawn, usage: { input_tokens: 12, output_tokens: 272, total_tokens: 284, input_tokens_details: {} } },
    usage: { images: 1, inputTokens: 12, outputTokens: 272 },
  },
  {
    says: 'its tokens in texts',
    answer: { ...drawn, usage: { input_tokens: '12', output_tokens: 272 } },
    usage: { images: 1, inputTokens: 12, outputTokens: 272 },
    odd: ['usage-malformed'],
  },
  {
    says: 'more tokens than any picture has',
    answer: { ...drawn, usage: { prompt_tokens: 12, completion_tokens: 1_000_000 } },
    usage: { images: 1, inputTokens: 12, outputTokens: 1_000_000 },
    odd: ['output-over-cap'],
  },
]

const tasks = { transcribe, embed, generate_image: draw } as const
const paths = {
  transcribe: '/audio/transcriptions',
  embed: '/embeddings',
  generate_image: '/images/generations',
} as const

let server: ScriptedServer
beforeAll(async () => {
  const scripts = (Object.keys(tasks) as (keyof typeof tasks)[]).flatMap(task =>
    tasks[task].map(({ answer }, place) => [`/${task}/${place}${paths[task]}`, JSON.stringify(answer)]),
  )
  server = await startScriptedServer(Object.fromEntries(scripts) as Record<string, string>)
})
afterAll(() => server.close())

const never = new AbortController().signal
const quiet: RunControl = { cancelled: () => false, signal: () => never, onDelta: async () => {} }

function workOf(task: Task, wav: Uint8Array): Work {
  return {
    legId: legIdOf(createRequestId(Date.now()), 0),
    attempt: 1,
    model: 'm',
    recipe: {},
    task,
    options: {},
    parts: [
      task === 'transcribe'
        ? { kind: 'audio', bytes: wav, mediaType: 'audio/wav' }
        : { kind: 'text', text: 'A red square' },
    ],
    deadlineAt: Date.now() + 20_000,
    streaming: false,
  }
}

const gives = {
  transcribe: { kind: 'text', text: 'one two three' },
  embed: { kind: 'embedding', values: [0.5, -0.25] },
  generate_image: { kind: 'image', mediaType: 'image/png' },
} as const

describe.each(Object.keys(tasks) as (keyof typeof tasks)[])('what an answer to %s used', task => {
  it.each(tasks[task].map((one, place) => ({ ...one, place })))(
    'is read where the server says $says',
    async ({ place, usage, odd = [], wav = usual }) => {
      const registry = new Registry()
      const backend = await createOpenaiBackend(
        {
          kind: 'openai',
          baseUrl: `${server.origin}/${task}/${place}`,
          model: 'm',
          vision: false,
          logprobs: false,
          connectTimeoutMs: 5000,
          firstByteTimeoutMs: 10_000,
          betweenChunksTimeoutMs: 10_000,
        },
        {
          packPath: () => '',
          executionProviders: ['cpu'],
          threads: 1,
          logger: pino({ level: 'silent' }),
          clock: { now: () => Date.now() },
          meter: createUpstreamMeter(registry),
        },
      )
      const [outcome] = await backend.run([workOf(task, wav)], quiet)
      await backend.close()
      if (outcome?.kind !== 'done') throw new Error(JSON.stringify(outcome))
      const { computeMs: _time, ...used } = outcome.result.usage
      expect(used).toEqual(usage)
      expect(outcome.result.output).toMatchObject(gives[task])
      const counter = await registry.getSingleMetric('sluice_worker_upstream_oddities_total')?.get()
      const found = counter?.values.filter(({ value }) => value > 0).map(({ labels }) => labels['kind'])
      expect(found).toEqual(odd)
    },
  )
})
