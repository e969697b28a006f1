import { Tensor, type InferenceSession } from 'onnxruntime-node'
import type { SessionLoader } from '../onnx/session-loader.ts'
import { pickToken, probabilityOf } from './pick-token.ts'
import { createRepetitionDetector } from './repetition-detector.ts'
import type { StepAttention } from './timing/align-tokens.ts'
import type { WhisperPack } from './whisper-pack.ts'

/** What is asked of one window of speech. */
export interface WindowRequest {
  /** float32 [melBins, 3000], log-mel as Whisper was trained on. */
  readonly mel: Float32Array
  /** Token of the language; found by the model when absent. */
  readonly languageToken: number | undefined
  /** Highest number of text tokens. */
  readonly maxTokens: number
  /** Whether the attention of each step is returned. */
  readonly aligned: boolean
  /** Asked before each step; true stops the decoding. */
  readonly stopped: () => boolean
  /** Called with each text token. */
  readonly onToken?: (token: number) => Promise<void>
}

/** What the model transcribed in one window. */
export interface WindowTokens {
  /** Text tokens, without what a loop only repeated. */
  readonly tokens: readonly number[]
  /** Natural logarithms of the probabilities of `tokens` and, when it was reached, of the end. */
  readonly logProbabilities: readonly number[]
  /** Distances in probability to the second best token, beside `logProbabilities`. */
  readonly margins: readonly number[]
  readonly noSpeechProbability: number
  readonly languageToken: number | undefined
  readonly languageProbability: number
  /** Why decoding ended: by itself, in a loop, at the limit, or because it was cancelled. */
  readonly ending: 'end' | 'loop' | 'limit' | 'stopped'
  /** Of each step: one a token, those of a loop included, and one for the end; empty where none was asked for. */
  readonly attention: readonly StepAttention[]
  /** Tokens computed, those of a loop included. */
  readonly steps: number
}

/** A Whisper model in memory. */
export interface WhisperModel {
  readonly pack: WhisperPack
  /** Decodes one window greedily, one token a step. */
  decode(request: WindowRequest): Promise<WindowTokens>
  close(): Promise<void>
}

type Feeds = Record<string, Tensor>

/** Output of the encoder: float32 [1, frames, width]. */
const encoded = 'last_hidden_state'

/** Loads encoder and decoder of a Whisper pack; the caller closes it. */
export async function loadWhisper(pack: WhisperPack, sessions: SessionLoader): Promise<WhisperModel> {
  // The exported graph gives its attention maps too.
  const encoder = await sessions.load(pack.encoderPath, [encoded])
  const decoder = await sessions.load(pack.decoderPath)
  return {
    pack,
    decode: async request => decodeWindow(pack, decoder, await encode(pack, encoder, request.mel), request),
    async close() {
      await encoder.release()
      await decoder.release()
    },
  }
}

async function encode(pack: WhisperPack, encoder: InferenceSession, mel: Float32Array): Promise<Tensor> {
  const features = new Tensor('float32', mel, [1, pack.melBins, mel.length / pack.melBins])
  const output = await encoder.run({ input_features: features })
  return required(output[encoded])
}

async function decodeWindow(
  pack: WhisperPack,
  session: InferenceSession,
  hidden: Tensor,
  request: WindowRequest,
): Promise<WindowTokens> {
  const decoder = createDecoder(pack, session, hidden, request.aligned)
  const { tokens } = pack
  const { last: first, ...transcribed } = await listen(pack, decoder, request)
  const banned = bannedTokens(pack)
  const detector = createRepetitionDetector()
  const found = { tokens: [] as number[], logProbabilities: [] as number[], margins: [] as number[] }
  const attention: StepAttention[] = []
  const finish = (ending: WindowTokens['ending'], repeated = 0): WindowTokens => ({
    ...transcribed,
    tokens: found.tokens.slice(0, found.tokens.length - repeated),
    logProbabilities: found.logProbabilities,
    margins: found.margins,
    attention,
    ending,
    steps: found.logProbabilities.length,
  })

  for (const token of tokens.suppressedAtStart) banned[token] = 1
  let { logits, looked } = first
  for (let step = 0; step < request.maxTokens; step++) {
    if (request.stopped()) return finish('stopped')
    const picked = pickToken(logits, banned)
    attention.push(...looked)
    found.logProbabilities.push(picked.logProbability)
    found.margins.push(picked.margin)
    if (picked.token === tokens.end) return finish('end')
    found.tokens.push(picked.token)
    const repeated = detector.push(picked.token)
    if (repeated > 0) return finish('loop', repeated)
    await request.onToken?.(picked.token)
    if (step === 0) for (const token of tokens.suppressedAtStart) banned[token] = 0
    if (step + 1 < request.maxTokens) ({ logits, looked } = (await decoder.step([picked.token]))[0]!)
  }
  return finish('limit')
}

interface Heard {
  readonly last: Step
  readonly noSpeechProbability: number
  readonly languageToken: number | undefined
  readonly languageProbability: number
}

/** Runs the prompt: the first token yields speech and language, the others select the task. */
async function listen(pack: WhisperPack, decoder: Decoder, request: WindowRequest): Promise<Heard> {
  const { tokens } = pack
  const spoken = [...tokens.languages.values()]
  const languageAndTask = (language: number | undefined): readonly number[] =>
    language === undefined ? [tokens.noTimestamps] : [language, tokens.transcribe, tokens.noTimestamps]
  const known = request.languageToken !== undefined || spoken.length === 0
  const steps = await decoder.step(known ? [tokens.start, ...languageAndTask(request.languageToken)] : [tokens.start])
  const first = steps[0]!.logits
  const languageToken = request.languageToken ?? likeliest(spoken, first)
  let last = steps.at(-1)!
  if (!known) {
    // One at a time: the cached branch of the graph has no causal mask.
    for (const token of languageAndTask(languageToken)) last = (await decoder.step([token]))[0]!
  }
  return {
    last,
    noSpeechProbability: probabilityOf(tokens.noSpeech, first),
    languageToken,
    languageProbability: languageToken === undefined ? 1 : probabilityOf(languageToken, first, spoken),
  }
}

interface Decoder {
  /** Feeds tokens and returns the logits after each. Only the first step may feed several. */
  step(tokens: readonly number[]): Promise<readonly Step[]>
}

interface Step {
  /** float32 [vocabulary] */
  readonly logits: Float32Array
  /** The attention of the alignment heads; empty where it was not requested. */
  readonly looked: readonly StepAttention[]
}

/** Holds the cache of one sequence between the steps. */
function createDecoder(pack: WhisperPack, session: InferenceSession, hidden: Tensor, aligned: boolean): Decoder {
  const layers = Array.from({ length: pack.decoderLayers }, (_, layer) => layer)
  const ownNames = layers.flatMap(layer => [`${layer}.decoder.key`, `${layer}.decoder.value`])
  const crossNames = layers.flatMap(layer => [`${layer}.encoder.key`, `${layer}.encoder.value`])
  const cache: Feeds = {}
  for (const name of [...ownNames, ...crossNames]) {
    cache[`past_key_values.${name}`] = new Tensor('float32', new Float32Array(0), [1, pack.heads, 0, pack.headWidth])
  }
  const heads = aligned ? pack.alignmentHeads : []
  const attentions = [...new Set(heads.map(([layer]) => `cross_attentions.${layer}`))]
  let started = false

  async function step(tokens: readonly number[]): Promise<readonly Step[]> {
    const inputIds = new Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length])
    const useCache = new Tensor('bool', [started], [1])
    const feeds: Feeds = { ...cache, input_ids: inputIds, encoder_hidden_states: hidden, use_cache_branch: useCache }
    // The keys and values of the sound are computed once, in the first step.
    const kept = started ? ownNames : [...ownNames, ...crossNames]
    const output = await session.run(feeds, ['logits', ...attentions, ...kept.map(name => `present.${name}`)])
    for (const name of kept) cache[`past_key_values.${name}`] = required(output[`present.${name}`])
    started = true
    const logits = required(output['logits'])
    const width = logits.dims[2] ?? 0
    const looked = heads.map(([layer, head]) => attentionOf(required(output[`cross_attentions.${layer}`]), head))
    return tokens.map((_, row) => ({
      logits: (logits.data as Float32Array).subarray(row * width, (row + 1) * width),
      looked: looked.length === 0 ? [] : [looked.map(rows => rows[row]!)],
    }))
  }

  return { step }
}

/** The rows of one head out of float32 [1, heads, tokens, frames], copied: the runtime owns the rest. */
function attentionOf({ data, dims }: Tensor, head: number): readonly Float32Array[] {
  const [, , tokens = 0, frames = 0] = dims
  return Array.from({ length: tokens }, (_, row) => {
    const from = (head * tokens + row) * frames
    return (data as Float32Array).slice(from, from + frames)
  })
}

function bannedTokens(pack: WhisperPack): Uint8Array {
  const { tokens } = pack
  // Whisper's vocabulary ends with 1,501 time stamps, which are not asked for; no step may choose a steering token.
  const banned = new Uint8Array(tokens.noTimestamps + 1502)
  banned.fill(1, tokens.end + 1)
  for (const token of tokens.suppressed) banned[token] = 1
  return banned
}

function likeliest(tokens: readonly number[], logits: Float32Array): number | undefined {
  let best: number | undefined
  for (const token of tokens) if (best === undefined || logits[token]! > logits[best]!) best = token
  return best
}

function required(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new Error('the graph lacks an output of a Whisper model')
  return tensor
}
