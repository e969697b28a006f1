import { distancesTo, nearestTo, type Cloud, type Distances } from '#services/decision/domain/cloud'
import { domainBytes } from '#services/decision/domain/domain-file'
import type { DomainFile, Scale } from '#services/decision/domain/domain-schema'
import {
  leaningOf,
  logOf,
  meantOf,
  partOf,
  placeFeatures,
  plainOf,
  standing,
  surpriseOf,
  wholeOf,
  type PlainParts,
} from '#services/decision/domain/domain'
import { textOf } from '#services/decision/policy/featurize'
import { gramBuckets, hashGrams, type HashedGrams } from '#services/decision/features/hash-grams'
import { drawOf } from '#services/calibrate/draw'
import { rounded } from '#services/calibrate/round'
import { thinned } from '#services/calibrate/thinned'
import type { FeaturedRow } from '#services/calibrate/fit/kernel/fit-estimator'
import { chanceOf, closedLabels } from './answer-chance.ts'
import { everydayTexts } from './everyday-texts.ts'
import { findCentres } from './find-centres.ts'
import { fitCloud } from './fit-cloud.ts'
import { fitOutside } from './fit-outside.ts'
import { scaleFeatures } from './scale-features.ts'

/** What a domain is fitted on beside rows. */
export interface DomainOptions {
  readonly models: readonly string[]
  readonly seed: number
  /** Embeds a text, where embeddings are used. */
  readonly meaningOf?: ((text: string) => Promise<Float32Array>) | undefined
}

/** A fitted domain and the bytes of its file. */
export interface FittedDomain {
  readonly file: DomainFile
  readonly bytes: Buffer
}

/** Fewer rows than this do not define the domain. */
const fewestRows = 100
/** More would move centres and axes by nothing that is seen, and each has to be encoded. */
const mostRows = 3000
const insideRatio = 0.98
/** Of all together a little more: questions that are left out of a fit lie further out than its halves say. */
const wholeRatio = 0.985
const featureShape = { axes: 64, centres: 64 }
const meaningShape = { axes: 64, centres: 128 }
/** Of everyday texts. */
const everydayCentres = 64
const domainFileName = 'domain.f32'

/** What is known of a row in each space. */
interface Placed {
  readonly features: Float32Array
  readonly meaning?: Float32Array
  readonly grams?: HashedGrams
}

/** What is fitted in each space. */
interface Spaces {
  readonly features: Cloud
  readonly meaning?: Cloud
  readonly everyday?: Float32Array
  readonly words?: { readonly surprise: Float32Array; readonly usual: number }
}

/** A row as it was measured by spaces that were fitted without it. */
interface Measured {
  readonly features: Distances
  readonly meaning?: Distances
  /** How much nearer it is to everyday texts than to rows. */
  readonly leaning?: number
  readonly surprise?: number
}

/**
 * Fits what requests inside the domain of a policy look like. Each half of the rows is measured by what was fitted
 * on the other, so that the scales are those of new requests: one in fifty of them lies above 1. `undefined` where
 * rows are few or nothing is known of them.
 */
export async function fitDomain(
  all: readonly FeaturedRow[],
  { models, seed, meaningOf }: DomainOptions,
): Promise<FittedDomain | undefined> {
  const rows = thinned(all, mostRows, ({ row }) => drawOf(row.id, 'domain', seed))
  const scaling = scaleFeatures(rows.map(one => one.features))
  if (rows.length < fewestRows || scaling.names.length === 0) return undefined
  const texts = rows.map(({ row }) => textOf(row.parts))
  // Where one row has no text, texts do not define the domain.
  const encode = texts.includes(undefined) ? undefined : meaningOf
  const placed = await placeRows(rows, scaling, encode)
  const half = rows.map(({ row }) => drawOf(row.id, 'half of the domain', seed) % 2)
  const everyday = encode === undefined ? undefined : await findEveryday(encode)
  const spaces = [0, 1].map(side =>
    fitSpaces(
      placed.filter((_, at) => half[at] !== side),
      everyday,
    ),
  )
  const measured = placed.map((one, at) => measure(one, spaces[half[at]!]!))
  const whole = fitSpaces(placed, everyday)
  const file: DomainFile = {
    file: domainFileName,
    rows: rows.length,
    chance: rounded(chanceOf(rows, models)),
    ...closedLabels(rows, models),
    ...fitOutside(
      rows,
      placed.map(one => one.features),
      models,
    ),
    ...scalesOf(measured, scaling, whole),
  }
  return { file, bytes: bytesOf(whole) }
}

async function placeRows(
  rows: readonly FeaturedRow[],
  scaling: Parameters<typeof placeFeatures>[1],
  meaningOf: DomainOptions['meaningOf'],
): Promise<readonly Placed[]> {
  const hasText = rows.every(({ row }) => textOf(row.parts) !== undefined)
  const placed: Placed[] = []
  for (const { row, features } of rows) {
    const text = hasText ? textOf(row.parts) : undefined
    placed.push({
      features: placeFeatures(features, scaling),
      ...(text === undefined ? {} : { grams: hashGrams(text) }),
      ...(text === undefined || meaningOf === undefined ? {} : { meaning: await meaningOf(text) }),
    })
  }
  return placed
}

function bytesOf({ features, meaning, everyday, words }: Spaces): Buffer {
  return domainBytes({
    features,
    ...(meaning === undefined || everyday === undefined ? {} : { meaning, everyday }),
    ...(words === undefined ? {} : { surprise: words.surprise }),
  })
}

async function findEveryday(meaningOf: (text: string) => Promise<Float32Array>): Promise<Float32Array> {
  const points: Float32Array[] = []
  for (const text of everydayTexts) points.push(await meaningOf(text))
  return Float32Array.from(findCentres(points, everydayCentres).flatMap(centre => Array.from(centre)))
}

function fitSpaces(placed: readonly Placed[], everyday: Float32Array | undefined): Spaces {
  const meanings = placed.flatMap(({ meaning }) => meaning ?? [])
  const texts = placed.flatMap(({ grams }) => grams ?? [])
  return {
    features: fitCloud(
      placed.map(one => one.features),
      featureShape,
    ),
    ...(meanings.length === 0 || everyday === undefined ? {} : { meaning: fitCloud(meanings, meaningShape), everyday }),
    ...(texts.length === 0 ? {} : { words: fitWords(texts) }),
  }
}

/** How surprising each bucket of grams is, and the mean over all grams. */
function fitWords(texts: readonly HashedGrams[]): NonNullable<Spaces['words']> {
  const counts = new Float64Array(gramBuckets)
  let total = 0
  for (const { places } of texts) {
    for (const place of places) counts[place]! += 1
    total += places.length
  }
  const surprise = Float32Array.from(counts, found => -Math.log((found + 0.5) / (total + 0.5 * gramBuckets)))
  const usual = counts.reduce((sum, found, at) => sum + found * surprise[at]!, 0) / Math.max(1, total)
  return { surprise, usual: rounded(usual) }
}

function measure({ features, meaning, grams }: Placed, spaces: Spaces): Measured {
  return {
    features: distancesTo(spaces.features, features),
    ...measureMeaning(meaning, spaces),
    ...(grams === undefined || spaces.words === undefined
      ? {}
      : { surprise: surpriseOf(grams, spaces.words.surprise, spaces.words.usual) }),
  }
}

function measureMeaning(
  point: Float32Array | undefined,
  { meaning, everyday }: Spaces,
): Pick<Measured, 'meaning' | 'leaning'> {
  if (point === undefined || meaning === undefined || everyday === undefined) return {}
  const distances = distancesTo(meaning, point)
  return { meaning: distances, leaning: leaningOf(distances, nearestTo(everyday, point)) }
}

function scalesOf(
  measured: readonly Measured[],
  scaling: Pick<DomainFile['features'], 'names' | 'means' | 'scales'>,
  spaces: Spaces,
): Pick<DomainFile, 'features' | 'words' | 'meaning' | 'plain' | 'whole'> {
  const features = distanceScales(measured.map(one => one.features))
  const meanings = measured.flatMap(({ meaning }) => meaning ?? [])
  const meaning = meanings.length === 0 ? undefined : distanceScales(meanings)
  const leaning = scaleOf(measured.map(one => one.leaning ?? 0))
  const surprises = measured.flatMap(({ surprise }) => surprise ?? [])
  const words = surprises.length === 0 ? undefined : scaleOf(surprises)
  const plains = measured.map(({ features: distances, surprise }): PlainParts => ({
    features: partOf(distances, features),
    ...(words === undefined || surprise === undefined ? {} : { words: standing(surprise, words) }),
  }))
  const wholes =
    meaning === undefined
      ? []
      : measured.map((one, at) =>
          wholeOf(plains[at]!, meantOf(partOf(one.meaning!, meaning), standing(one.leaning!, leaning))),
        )
  return {
    features: { ...scaling, ...shapeOf(spaces.features), ...features },
    ...(spaces.words === undefined || words === undefined
      ? {}
      : { words: { buckets: gramBuckets, usual: spaces.words.usual, scale: words } }),
    ...(spaces.meaning === undefined || meaning === undefined
      ? {}
      : {
          meaning: { ...shapeOf(spaces.meaning), ...meaning, everyday: { centres: everydayCentres, scale: leaning } },
        }),
    plain: scaleOf(plains.map(plainOf)),
    ...(wholes.length === 0 ? {} : { whole: scaleOf(wholes, wholeRatio) }),
  }
}

function shapeOf({ mean, centres, variances, rest }: Cloud) {
  return { dimensions: mean.length, centres: centres.length / mean.length, variances: [...variances], rest }
}

function distanceScales(distances: readonly Distances[]): { readonly far: Scale; readonly near: Scale } {
  return { far: scaleOf(distances.map(one => logOf(one.far))), near: scaleOf(distances.map(one => logOf(one.near))) }
}

/** Tolerance, so that equal rows are not separated by rounding. */
const leastSpan = 1e-3

/**
 * The median, and from there to the quantile that a new row exceeds in at most one case of fifty.
 * @source Vovk, Gammerman, Shafer, Algorithmic Learning in a Random World (2005): split conformal quantiles
 */
function scaleOf(values: readonly number[], ratio = insideRatio): Scale {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted[sorted.length >> 1]!
  const high = sorted[Math.min(sorted.length, Math.ceil(ratio * (sorted.length + 1))) - 1]!
  return { middle: rounded(middle), span: rounded(Math.max(leastSpan, high - middle)) }
}
