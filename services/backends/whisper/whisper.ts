import type { Backend, RunControl } from '../backend.ts'
import { decodeWav, type Sound } from '#services/media/decode-wav'
import { createLogMel, whisperSampleRate, type LogMel } from './log-mel.ts'
import { MediaError } from '#services/media/media-error'
import { wholeAudioMs } from '#services/media/whole-audio-ms'
import { resample } from '#services/media/audio/resample'
import { splitWindows } from './split-windows.ts'
import { createSessionLoader } from '../onnx/session-loader.ts'
import { loadWhisper, type WhisperModel } from './whisper-model.ts'
import { readWhisperPack } from './whisper-pack.ts'
import { createByteLevelText, type ByteLevelText } from './byte-level-text.ts'
import { interpretTranscript, type TranscribedWindow } from './transcript.ts'
import type { Outcome, Work } from '#services/backends/work'
import type { Usage } from '#services/contract/price'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { abandoned, badInput, isAbandoned } from '../end-leg.ts'

/** A Whisper model in ONNX, by the pack that holds it. */
export interface WhisperSpec {
  readonly kind: 'whisper'
  readonly pack: string
  /** ISO 639-1 code taken when a request names none; without it the model finds the language of each window. */
  readonly language?: string
  /** Longest audio that is taken; 600 when absent. */
  readonly audioSeconds?: number
}

/** Room for more tokens than any language speaks in a second: what goes beyond is invented. */
const tokensPerSecond = 25
const leastTokens = 16

/** Loads a Whisper model: WAV → log-mel → greedy tokens → text with its signs. */
export async function createWhisperBackend(spec: WhisperSpec, dependencies: BackendDependencies): Promise<Backend> {
  const pack = await readWhisperPack(dependencies.packPath(spec.pack))
  const model = await loadWhisper(pack, createSessionLoader(dependencies, dependencies))
  const parts: Parts = {
    spec,
    dependencies,
    model,
    logMel: createLogMel(pack.melBins),
    text: createByteLevelText(pack.vocabulary),
  }
  return {
    // One at a time: on a CPU a batch of windows takes as long as the windows, and the first would wait for the last.
    maxBatch: 1,
    async run(batch, control) {
      const outcomes: Outcome[] = []
      for (const work of batch) outcomes.push(await transcribe(work, control, parts))
      return outcomes
    },
    close: () => model.close(),
  }
}

interface Parts {
  readonly spec: WhisperSpec
  readonly dependencies: BackendDependencies
  readonly model: WhisperModel
  readonly logMel: LogMel
  readonly text: ByteLevelText
}

async function transcribe(work: Work, control: RunControl, parts: Parts): Promise<Outcome> {
  const startedAt = performance.now()
  let audioMs = 0
  let outputTokens = 0
  const usage = (): Usage => ({ audioMs, outputTokens, computeMs: Math.ceil(performance.now() - startedAt) })
  try {
    const languageToken = languageOf(work, parts)
    const sound = soundOf(work, parts.spec.audioSeconds ?? 1800)
    audioMs = wholeAudioMs((sound.samples.length / sound.sampleRate) * 1000)
    const samples = resample(sound, whisperSampleRate)
    const transcribed: TranscribedWindow[] = []
    for (const window of splitWindows(samples)) {
      const listened = await transcribeWindow(window, { work, control, languageToken }, parts)
      outputTokens += listened.steps
      transcribed.push(listened)
      if (listened.ending === 'stopped') return abandoned(work, parts.dependencies.clock, usage())
    }
    const { text, rawConfidence, signals } = interpretTranscript(transcribed)
    return { kind: 'done', result: { output: { kind: 'text', text }, rawConfidence, signals, usage: usage() } }
  } catch (error) {
    if (error instanceof MediaError) return badInput(error.message, usage())
    throw error
  }
}

function soundOf(work: Work, limitSeconds: number): Sound {
  const audio = work.parts.filter(part => part.kind === 'audio')
  const [part] = audio
  if (part === undefined || audio.length > 1 || part.kind !== 'audio')
    throw new MediaError('transcribing takes exactly one audio part')
  return decodeWav(part.bytes, limitSeconds)
}

function languageOf(work: Work, parts: Parts): number | undefined {
  const language = work.options.language ?? parts.spec.language
  if (language === undefined) return undefined
  const { languages } = parts.model.pack.tokens
  const token = languages.get(language)
  // A model of English only has no language tokens and needs none.
  if (token === undefined && (languages.size > 0 || language !== 'en'))
    throw new MediaError('the model does not know the language asked for')
  return token
}

/** The leg that a window belongs to. */
interface WindowOrder {
  readonly work: Work
  readonly control: RunControl
  readonly languageToken: number | undefined
}

async function transcribeWindow(
  samples: Float32Array,
  { work, control, languageToken }: WindowOrder,
  { dependencies, model, logMel, text }: Parts,
): Promise<TranscribedWindow & { readonly steps: number }> {
  const seconds = samples.length / whisperSampleRate
  const stream = text.stream()
  const found = await model.decode({
    mel: logMel.encode(samples),
    languageToken,
    maxTokens: Math.min(model.pack.maxTokens / 2, leastTokens + Math.ceil(seconds * tokensPerSecond)),
    stopped: () => isAbandoned(work, control, dependencies.clock),
    ...(work.streaming && { onToken: (token: number) => control.onDelta(work.legId, stream(token)) }),
  })
  return { ...found, text: text.decode(found.tokens), audioMs: seconds * 1000 }
}
