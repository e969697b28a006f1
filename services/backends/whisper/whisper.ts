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
import { createOrderedDeltas } from './ordered-deltas.ts'
import { segmentWords } from './timing/segment-words.ts'
import { timeWords } from './timing/time-words.ts'
import { interpretTranscript, isSilence, type TranscribedWindow } from './transcript.ts'
import type { TextOutput, TimedText } from '#services/contract/answer'
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

/** Room for more tokens than any language speaks in a second: anything beyond is a hallucination. */
const tokensPerSecond = 25
const leastTokens = 16
/** Windows of one recording that are transcribed side by side; each takes a core of its own for most of its time. */
const windowsAtOnce = 2

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
    const windows = splitWindows(resample(sound, whisperSampleRate))
    const transcribed = await transcribeAll(windows, { work, control, languageToken }, parts)
    outputTokens = transcribed.reduce((sum, { steps }) => sum + steps, 0)
    if (transcribed.some(({ ending }) => ending === 'stopped')) {
      return abandoned(work, parts.dependencies.clock, usage())
    }
    const { text, rawConfidence, signals } = interpretTranscript(transcribed)
    const output: TextOutput = { kind: 'text', text, ...segmentsOf(transcribed, work) }
    return { kind: 'done', result: { output, rawConfidence, signals, usage: usage() } }
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

type Transcribed = TranscribedWindow & { readonly steps: number; readonly words: readonly TimedText[] }

/** Transcribes windows side by side; what callers see of the text comes in order of time. */
async function transcribeAll(
  windows: readonly Float32Array[],
  order: WindowOrder,
  parts: Parts,
): Promise<readonly Transcribed[]> {
  const transcribed: Transcribed[] = []
  const { work, control } = order
  const deltas = createOrderedDeltas(windows.length, text => control.onDelta(work.legId, text))
  const startsMs = windows.map((_, place) => msOf(windows.slice(0, place)))
  let next = 0
  const lane = async (): Promise<void> => {
    for (let place = next++; place < windows.length; place = next++) {
      const window = { samples: windows[place]!, startMs: startsMs[place]!, onDelta: deltas.of(place) }
      const found = await transcribeWindow(window, order, parts)
      transcribed[place] = found
      await deltas.done(place)
      if (found.ending === 'stopped') next = windows.length
    }
  }
  await Promise.all(Array.from({ length: Math.min(windows.length, windowsAtOnce) }, lane))
  // Windows after one that was stopped are not there.
  return transcribed.filter(window => window !== undefined)
}

function msOf(windows: readonly Float32Array[]): number {
  return (windows.reduce((sum, { length }) => sum + length, 0) / whisperSampleRate) * 1000
}

interface Window {
  readonly samples: Float32Array
  /** Where in the recording it begins. */
  readonly startMs: number
  readonly onDelta: (text: string) => Promise<void>
}

async function transcribeWindow(
  { samples, startMs, onDelta }: Window,
  { work, control, languageToken }: WindowOrder,
  { dependencies, model, logMel, text }: Parts,
): Promise<Transcribed> {
  const seconds = samples.length / whisperSampleRate
  const stream = text.stream()
  const aligned = work.options.timestamps !== undefined
  const { attention, ...found } = await model.decode({
    mel: logMel.encode(samples),
    languageToken,
    maxTokens: Math.min(model.pack.maxTokens / 2, leastTokens + Math.ceil(seconds * tokensPerSecond)),
    aligned,
    stopped: () => isAbandoned(work, control, dependencies.clock),
    ...(work.streaming && { onToken: (token: number) => onDelta(stream(token)) }),
  })
  const audioMs = seconds * 1000
  const decodedText = text.decode(found.tokens)
  const words = aligned ? timeWords({ tokens: found.tokens, attention, startMs, samples }, text) : []
  // A pack without alignment heads gives only the window's own times.
  const whole = aligned && words.length === 0 ? [{ text: decodedText, startMs, endMs: startMs + audioMs }] : words
  return { ...found, text: decodedText, audioMs, words: whole }
}

function segmentsOf(windows: readonly Transcribed[], { options: { timestamps } }: Work): Partial<TextOutput> {
  if (timestamps === undefined) return {}
  const words = windows.filter(window => !isSilence(window) && window.text.trim() !== '').flatMap(one => one.words)
  return { segments: segmentWords(words, timestamps === 'word') }
}
