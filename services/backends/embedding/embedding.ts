import type { LegResult } from '#services/contract/answer'
import type { Usage } from '#services/contract/price'
import type { Backend, RunControl } from '../backend.ts'
import { readWordPieces, type WordPieces } from '#services/decision/encoder/word-pieces'
import { readLabelHeads, type LabelHeads } from './label-heads.ts'
import {
  loadEmbeddingModel,
  type EmbeddingModel,
  type SentenceVector,
} from '#services/decision/encoder/embedding-model'
import { createSessionLoader } from '../onnx/session-loader.ts'
import { interpretLogits } from '../answers/interpret-logits.ts'
import type { Outcome, Work } from '#services/backends/work'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { abandoned, badInput, isAbandoned } from '../end-leg.ts'
import { shareTime } from '../share-time.ts'

/** A sentence encoder in ONNX, for vectors and, with heads, for labels. */
export interface EmbeddingSpec {
  readonly kind: 'embedding'
  readonly pack: string
  /** Name of the space that the vectors live in. */
  readonly space: string
  /** Folder of trained heads, absolute. */
  readonly heads?: string
  /** Word pieces that the model was trained to read; 256 when absent. */
  readonly tokens?: number
}

/** Rows of one run: padding costs more than batching wins beyond it on a CPU. */
const mostRows = 16
const defaultTokens = 256

interface Parts {
  readonly spec: EmbeddingSpec
  readonly model: EmbeddingModel
  readonly heads: LabelHeads
  readonly toPieces: (text: string) => WordPieces
  readonly dependencies: BackendDependencies
  /** Vectors of label texts that came without a head. */
  readonly labelVectors: Map<string, SentenceVector>
}

/**
 * Loads a sentence encoder: text → word pieces → vector → labels by trained heads or by likeness to the label
 * texts.
 */
export async function createEmbeddingBackend(spec: EmbeddingSpec, dependencies: BackendDependencies): Promise<Backend> {
  const folder = dependencies.packPath(spec.pack)
  const parts: Parts = {
    spec,
    dependencies,
    model: await loadEmbeddingModel(folder, createSessionLoader(dependencies, dependencies)),
    heads: readLabelHeads(spec.heads),
    toPieces: readWordPieces(folder, spec.tokens ?? defaultTokens),
    labelVectors: new Map(),
  }
  return {
    maxBatch: mostRows,
    run: (batch, control) => runBatch(batch, control, parts),
    close: () => parts.model.close(),
  }
}

async function runBatch(batch: readonly Work[], control: RunControl, parts: Parts): Promise<readonly Outcome[]> {
  const { clock } = parts.dependencies
  const wanted = batch.filter(work => !isAbandoned(work, control, clock))
  const pieces = wanted.map(work => parts.toPieces(textOf(work)))
  const startedAt = performance.now()
  const vectors = wanted.length === 0 ? [] : await parts.model.embed(pieces.map(one => one.ids))
  await embedLabels(wanted, parts)
  const elapsedMs = performance.now() - startedAt
  const shares = shareTime(
    elapsedMs,
    pieces.map(one => one.ids.length),
  )
  const outcomes = new Map<Work, Outcome>(
    wanted.map((work, index) => {
      const usage: Usage = { inputTokens: pieces[index]!.ids.length, computeMs: shares[index] ?? 0 }
      return [work, interpret(work, { vector: vectors[index]!, pieces: pieces[index]! }, usage, parts)]
    }),
  )
  return batch.map(work => outcomes.get(work) ?? abandoned(work, clock, {}))
}

interface Embedded {
  readonly vector: SentenceVector
  readonly pieces: WordPieces
}

function interpret(work: Work, { vector, pieces }: Embedded, usage: Usage, parts: Parts): Outcome {
  const ofText = { norm: vector.norm, tokens: pieces.ids.length, truncated: Number(pieces.truncated) }
  if (work.task === 'embed') {
    const { space } = parts.spec
    const output: LegResult['output'] = { kind: 'embedding', values: Array.from(vector.values), space }
    // There is nothing to doubt in a vector: it is what this model makes of the text.
    return { kind: 'done', result: { output, rawConfidence: 1, signals: ofText, usage } }
  }
  const { labelSet, labels = [] } = work.options
  const head = labelSet === undefined ? undefined : parts.heads.sets.get(labelSet)
  if (labelSet !== undefined && head === undefined) {
    const known = [...parts.heads.sets.keys()].join(', ') || 'none'
    return badInput(`label set ${labelSet} is not one of this model's: ${known}`, usage)
  }
  const {
    rawConfidence,
    signals,
    labels: scored,
  } = head === undefined
    ? interpretLogits(labels, likeness(vector, labels, parts))
    : interpretLogits(head.labels, head.logits(vector.values))
  const output: LegResult['output'] = { kind: 'labels', labels: scored }
  return { kind: 'done', result: { output, rawConfidence, signals: { ...ofText, ...signals }, usage } }
}

/** Embeds the label texts of a batch that have not been seen yet, all at once. */
async function embedLabels(works: readonly Work[], { labelVectors, model, toPieces }: Parts): Promise<void> {
  const texts = [...new Set(works.flatMap(work => work.options.labels ?? []))].filter(text => !labelVectors.has(text))
  if (texts.length === 0) return
  if (labelVectors.size > mostLabelVectors) labelVectors.clear()
  for (let from = 0; from < texts.length; from += mostRows) {
    const rows = texts.slice(from, from + mostRows)
    const vectors = await model.embed(rows.map(text => toPieces(text).ids))
    rows.forEach((text, index) => labelVectors.set(text, vectors[index]!))
  }
}

/** About 8 MB of vectors of 384 numbers. */
const mostLabelVectors = 5000

/** Cosines to the label texts, sharpened by the fitted temperature. */
function likeness({ values }: SentenceVector, labels: readonly string[], { labelVectors, heads }: Parts): Float32Array {
  return Float32Array.from(labels, label => {
    const other = labelVectors.get(label)?.values
    const cosine = values.reduce((sum, value, at) => sum + value * (other?.[at] ?? 0), 0)
    return cosine / heads.adHocTemperature
  })
}

function textOf(work: Work): string {
  return work.parts.map(part => (part.kind === 'text' ? part.text : '')).join('\n')
}
