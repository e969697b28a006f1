import type { LabelScore } from '#services/contract/answer'
import { namesClasses } from '#services/wire/convert/tensor-datatypes'
import type { NumberTensor, Tensor } from '#services/wire/convert/tensors'
import { UpstreamError } from '../remote/wire/upstream-error.ts'
import { numbersIn } from './read-values.ts'

/** What a tensor may say of labels. */
export interface LabelTensors {
  readonly output: Tensor
  /** The server's confidence: one number, or one for each. */
  readonly score: Tensor | undefined
  /** What the places of a class are called. */
  readonly labels: readonly string[] | undefined
}

/** A server that returns only a class gives no confidence. */
const unknown = 0.5

/**
 * Reads labels, best first, by what a tensor's datatype means: texts are labels, whole numbers and truth values
 * name classes by their place, numbers with fractions are scores of the classes in order.
 * @throws UpstreamError for what names no class
 */
export function readLabels({ output, score, labels }: LabelTensors): readonly LabelScore[] {
  if (output.datatype !== 'BYTES' && output.datatype !== 'BOOL' && !namesClasses(output.datatype)) {
    return byScore(scoresOf(output, labels))
  }
  const named = namedBy(output, labels)
  const [first] = named
  if (first === undefined) throw noClass()
  const trust = score === undefined ? [] : probabilitiesOf(numbersIn(score))
  if (trust.length === named.length) return byScore(named.map((label, place) => ({ label, score: trust[place] ?? 0 })))
  // Several without a number each: the order is all that is said. One beside the scores of all classes: the best of
  // them is its own.
  return [{ label: first, score: trust.length === 0 ? unknown : Math.max(...trust) }]
}

function byScore(labels: readonly LabelScore[]): readonly LabelScore[] {
  return labels.toSorted((one, other) => other.score - one.score)
}

function namedBy(output: Tensor, labels: readonly string[] | undefined): readonly string[] {
  if (output.datatype === 'BYTES') return output.values.map(value => Buffer.from(value).toString())
  if (output.datatype === 'BOOL') return [truthOf(output.values, labels)]
  const { values } = output
  const marked = markedIn(values, labels)
  return (marked ?? values).map(place => nameOf(place, labels))
}

/** One truth value is the second of two classes or the first; of several, one for each class, exactly one is true. */
function truthOf(values: readonly boolean[], labels: readonly string[] | undefined): string {
  const [first, ...others] = values
  if (first === undefined) throw noClass()
  if (others.length === 0) return labels === undefined ? String(first) : nameOf(Number(first), labels)
  const marked = markedIn(values.map(Number), labels)
  if (marked === undefined) throw noClass()
  return nameOf(marked[0] ?? 0, labels)
}

/** The place that is marked with a one among zeros, where there is a number for each class. */
function markedIn(values: readonly number[], labels: readonly string[] | undefined): readonly number[] | undefined {
  const isEach = values.length > 1 && values.length === (labels?.length ?? values.length)
  const ones = values.flatMap((value, place) => (value === 1 ? [place] : []))
  return isEach && ones.length === 1 && values.every(value => value === 0 || value === 1) ? ones : undefined
}

function nameOf(place: number, labels: readonly string[] | undefined): string {
  const name = labels === undefined ? String(place) : labels[place]
  if (name === undefined || place < 0) throw noClass()
  return name
}

/**
 * Scores of classes. One number for two classes is the chance of the second; one for more of them can only be a
 * class.
 */
function scoresOf({ values }: NumberTensor, labels: readonly string[] | undefined): readonly LabelScore[] {
  const [first] = values
  if (first === undefined || !values.every(value => Number.isFinite(value))) throw noClass()
  if (values.length === 1 && labels !== undefined && labels.length > 1) {
    if (labels.length > 2) return [{ label: nameOf(first, labels), score: unknown }]
    const [chance = 0] = probabilitiesOf([first])
    return labels.map((label, place) => ({ label, score: place === 1 ? chance : 1 - chance }))
  }
  if (labels !== undefined && labels.length !== values.length) {
    throw new UpstreamError('malformed', `the server gave ${values.length} scores for ${labels.length} labels`)
  }
  const scores = probabilitiesOf(values)
  return scores.map((score, place) => ({ label: nameOf(place, labels), score }))
}

/** What is no probability is a logit: one alone of a yes, several of one choice. */
function probabilitiesOf(values: readonly number[]): readonly number[] {
  if (values.every(value => value >= 0 && value <= 1)) return values
  const [first = 0, ...others] = values
  if (others.length === 0) return [1 / (1 + Math.exp(-first))]
  const highest = values.reduce((most, value) => Math.max(most, value), first)
  const weights = values.map(value => Math.exp(value - highest))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map(weight => weight / sum)
}

function noClass(): UpstreamError {
  return new UpstreamError('malformed', 'the output of the server names none of the labels')
}
