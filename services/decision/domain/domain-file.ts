import { gramBuckets } from '#services/decision/features/hash-grams'
import type { Cloud } from './cloud.ts'
import type { CloudFile, DomainFile } from './domain-schema.ts'
import type { Domain } from './domain.ts'

/**
 * The numbers of a domain as a file has them: float32 little-endian, of each cloud mean, axes and centres, then the
 * surprise of each bucket. Pure.
 */
export function domainBytes({ features, meaning, everyday, surprise }: Omit<Domain, 'file'>): Buffer {
  const arrays = [features, ...(meaning === undefined ? [] : [meaning])].flatMap(one => [
    one.mean,
    one.axes,
    one.centres,
  ])
  const all = [...arrays, ...[everyday, surprise].filter(numbers => numbers !== undefined)]
  return Buffer.concat(all.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)))
}

/** Reads a domain out of its file; `undefined` where the file is not of the size that is described. */
export function readDomain(file: DomainFile, bytes: Uint8Array): Domain | undefined {
  if (bytes.byteLength % 4 !== 0 || (file.words !== undefined && file.words.buckets !== gramBuckets)) return undefined
  const numbers = new Float32Array(new Uint8Array(bytes).buffer)
  let from = 0
  const take = (length: number): Float32Array => numbers.subarray(from, (from += length))
  const takeCloud = ({ dimensions, centres, variances, rest }: CloudFile): Cloud => ({
    mean: take(dimensions),
    axes: take(variances.length * dimensions),
    centres: take(centres * dimensions),
    variances,
    rest,
  })
  const features = takeCloud(file.features)
  const meaning = file.meaning === undefined ? {} : { meaning: takeCloud(file.meaning) }
  const everyday =
    file.meaning === undefined ? {} : { everyday: take(file.meaning.everyday.centres * file.meaning.dimensions) }
  const surprise = file.words === undefined ? {} : { surprise: take(file.words.buckets) }
  return from === numbers.length ? { file, features, ...meaning, ...everyday, ...surprise } : undefined
}
