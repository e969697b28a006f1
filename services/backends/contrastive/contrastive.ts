import type { LegResult } from '#services/contract/answer'
import { GatewayError } from '#services/contract/errors'
import type { Usage } from '#services/contract/price'
import { MediaError } from '#services/media/media-error'
import { labelLogits } from './label-logits.ts'
import type { Backend, RunControl } from '../backend.ts'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { abandoned, badInput, isAbandoned } from '../end-leg.ts'
import { createSessionLoader } from '../onnx/session-loader.ts'
import { shareTime } from '../share-time.ts'
import type { LoadedPart, Outcome, Work } from '../work.ts'
import { loadContrastiveModel, type ContrastiveModel, type UnitVector } from './contrastive-model.ts'
import { createLabelVectors, type LabelVectors } from './label-vectors.ts'
import { pictureInput } from './picture-input.ts'

/** CLIP or SigLIP in ONNX: pictures and texts in one space, and pictures into labels without training. */
export interface ContrastiveSpec {
  readonly kind: 'contrastive'
  readonly pack?: string
  /** Folder of a model of one's own instead. */
  readonly folder?: string
  /** Name of the space that the vectors live in. */
  readonly space: string
  /** Sentences in which a label takes the place of `{}`; vectors of all of them are averaged. */
  readonly prompts: readonly string[]
  /** Form of the weights by the ending of their files, such as `quantized`; whole when absent. */
  readonly variant?: string
  /** What cosines are multiplied with, where the model's files do not say it. @default 100 */
  readonly logitScale?: number
  /** SigLIP: what is added then. */
  readonly logitBias?: number
  /** Largest picture that is taken, in millions of pixels. */
  readonly imageMegapixels: number
}

/** What CLIP's scale is clipped at in training, where all published models arrive. @source CLIP, section 2.5 */
const usualScale = 100
/** Rows of one run. */
const mostRows = 8

interface Parts {
  readonly spec: ContrastiveSpec
  readonly model: ContrastiveModel
  readonly labels: LabelVectors
  readonly dependencies: BackendDependencies
  readonly logitScale: number
  readonly logitBias?: number
}

/** Loads the model. @throws GatewayError Config */
export async function createContrastiveBackend(
  spec: ContrastiveSpec,
  dependencies: BackendDependencies,
): Promise<Backend> {
  const folder = spec.folder ?? (spec.pack === undefined ? undefined : dependencies.packPath(spec.pack))
  if (folder === undefined) throw new GatewayError('Config', 'a contrastive model wants a pack or a folder')
  const model = await loadContrastiveModel(folder, spec.variant, createSessionLoader(dependencies, dependencies))
  const logitBias = spec.logitBias ?? model.config.logitBias
  const parts: Parts = {
    spec,
    model,
    dependencies,
    labels: createLabelVectors(model, spec.prompts),
    logitScale: spec.logitScale ?? model.config.logitScale ?? usualScale,
    ...(logitBias === undefined ? {} : { logitBias }),
  }
  return {
    maxBatch: mostRows,
    run: (batch, control) => runBatch(batch, control, parts),
    close: () => model.close(),
  }
}

async function runBatch(batch: readonly Work[], control: RunControl, parts: Parts): Promise<readonly Outcome[]> {
  const { clock } = parts.dependencies
  const inputs = await Promise.all(
    batch.map(async (work): Promise<Input | Outcome> => {
      if (isAbandoned(work, control, clock)) return abandoned(work, clock, {})
      return inputOf(work, parts)
    }),
  )
  const wanted = inputs.filter(input => 'work' in input)
  const startedAt = performance.now()
  const vectors = await embedInputs(wanted, parts)
  await parts.labels.prepare(wanted.flatMap(({ work }) => work.options.labels ?? []))
  const shares = shareTime(
    performance.now() - startedAt,
    wanted.map(() => 1),
  )
  const done = new Map(
    wanted.map((input, index) => {
      const usage: Usage = { ...input.usage, computeMs: shares[index] ?? 0 }
      return [input, outcomeOf(input, vectors.get(input)!, usage, parts)] as const
    }),
  )
  return inputs.map(input => ('work' in input ? done.get(input)! : input))
}

/** A leg's content as a tower takes it. */
type Input = { readonly work: Work; readonly usage: Usage; readonly signals: Readonly<Record<string, number>> } & (
  | { readonly pixels: Float32Array }
  | { readonly tokens: ReturnType<ContrastiveModel['tokenize']> }
)

async function inputOf(work: Work, { model, spec }: Parts): Promise<Input | Outcome> {
  const [part, ...more] = work.parts
  if (part === undefined || more.length > 0) return badInput('expected one picture or one text', {})
  if (part.kind === 'image') return pictureOf(work, part, { model, spec })
  if (part.kind !== 'text') return badInput('expected one picture or one text', {})
  if (work.task === 'classify') return badInput('this model puts pictures into labels, not texts', {})
  const tokens = model.tokenize(part.text)
  return {
    work,
    tokens,
    usage: { inputTokens: tokens.ids.length },
    signals: { tokens: tokens.ids.length, truncated: Number(tokens.truncated) },
  }
}

async function pictureOf(
  work: Work,
  { bytes }: Extract<LoadedPart, { bytes: Uint8Array }>,
  { model, spec }: Pick<Parts, 'model' | 'spec'>,
): Promise<Input | Outcome> {
  if (work.task === 'classify' && work.options.labels === undefined) {
    return badInput('this model has no label sets: give the labels', { images: 1 })
  }
  try {
    const pixels = await pictureInput(bytes, model.config.preprocessing, spec.imageMegapixels)
    return { work, pixels, usage: { images: 1 }, signals: {} }
  } catch (error) {
    if (error instanceof MediaError) return badInput(error.message, { images: 1 })
    throw error
  }
}

/** Pictures together, and texts together. Rows of weights in 8 bits go alone, since a batch shares its scale. */
async function embedInputs(inputs: readonly Input[], { model, spec }: Parts): Promise<ReadonlyMap<Input, UnitVector>> {
  const vectors = new Map<Input, UnitVector>()
  const isAlone = spec.variant !== undefined && !spec.variant.startsWith('fp')
  const step = isAlone ? 1 : mostRows
  const pictures = inputs.filter(input => 'pixels' in input)
  const texts = inputs.filter(input => 'tokens' in input)
  for (let from = 0; from < pictures.length; from += step) {
    const rows = pictures.slice(from, from + step)
    const found = await model.embedPictures(rows.map(({ pixels }) => pixels))
    rows.forEach((row, index) => vectors.set(row, found[index]!))
  }
  for (let from = 0; from < texts.length; from += step) {
    const rows = texts.slice(from, from + step)
    const found = await model.embedTexts(rows.map(({ tokens }) => tokens))
    rows.forEach((row, index) => vectors.set(row, found[index]!))
  }
  return vectors
}

function outcomeOf({ work, signals }: Input, vector: UnitVector, usage: Usage, parts: Parts): Outcome {
  if (work.task === 'embed') {
    const output: LegResult['output'] = { kind: 'embedding', values: Array.from(vector), space: parts.spec.space }
    // There is nothing to doubt in a vector: it is what this model makes of its input.
    return { kind: 'done', result: { output, rawConfidence: 1, signals, usage } }
  }
  const names = work.options.labels ?? []
  const labelling = labelLogits(vector, names, parts.labels.of, parts)
  return {
    kind: 'done',
    result: {
      output: { kind: 'labels', labels: labelling.labels },
      rawConfidence: labelling.rawConfidence,
      signals: { ...signals, ...labelling.signals },
      usage,
    },
  }
}
