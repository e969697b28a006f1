import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'

/** A trained head: a multinomial logistic regression on sentence vectors. */
export interface LabelHead {
  readonly labels: readonly string[]
  /** Logits of one vector, divided by the temperature: [labels]. */
  logits(vector: Float32Array): Float32Array
}

/** What a pack of heads holds for one model. */
export interface LabelHeads {
  readonly sets: ReadonlyMap<string, LabelHead>
  /** Divides cosines to label texts before the softmax, where labels come without a head. */
  readonly adHocTemperature: number
}

const manifestSchema = z.object({
  labels: z.array(z.string()).min(2),
  dimensions: z.int().min(1),
  temperature: z.number().positive(),
  weights: z.object({ file: z.string(), sha256: z.string() }),
})

/** The spread of cosines of sentence encoders: used where no temperature was fitted for a model. */
const defaultAdHocTemperature = 0.05

/**
 * Reads the trained heads of one model: a folder a label set.
 * @throws GatewayError Config when a head is not what its manifest says
 */
export function readLabelHeads(folder: string | undefined): LabelHeads {
  if (folder === undefined || !existsSync(folder)) return { sets: new Map(), adHocTemperature: defaultAdHocTemperature }
  const names = readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory())
  const adHoc = join(folder, 'ad-hoc.json')
  return {
    sets: new Map(names.map(({ name }) => [name, readHead(join(folder, name))])),
    adHocTemperature: existsSync(adHoc)
      ? z.object({ temperature: z.number().positive() }).parse(JSON.parse(readFileSync(adHoc, 'utf8'))).temperature
      : defaultAdHocTemperature,
  }
}

/** Weights: float32 little-endian [labels][dimensions + 1], the bias last. */
function readHead(folder: string): LabelHead {
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')))
  const { labels, dimensions, temperature } = manifest
  const bytes = readFileSync(join(folder, manifest.weights.file))
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== manifest.weights.sha256) {
    throw new GatewayError(
      'Config',
      `${folder}: the weights' sha256 is ${found}, the manifest says ${manifest.weights.sha256}`,
    )
  }
  const weights = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  if (weights.length !== labels.length * (dimensions + 1)) {
    throw new GatewayError(
      'Config',
      `${folder}: ${weights.length} weights do not make ${labels.length} labels of ${dimensions} dimensions`,
    )
  }
  return {
    labels,
    logits(vector) {
      if (vector.length !== dimensions)
        throw new Error(`a vector of ${vector.length} numbers was given to a head of ${dimensions}`)
      return Float32Array.from(labels, (_, label) => {
        const at = label * (dimensions + 1)
        let sum = weights[at + dimensions]!
        for (let index = 0; index < dimensions; index += 1) sum += weights[at + index]! * vector[index]!
        return sum / temperature
      })
    },
  }
}
