import { unit, type ContrastiveModel, type UnitVector } from './contrastive-model.ts'

/** Vectors of labels, kept for the next picture. */
export interface LabelVectors {
  /** Embeds the labels that are not known yet. */
  prepare(labels: readonly string[]): Promise<void>
  of(label: string): UnitVector
}

/** About 10 MB of vectors of 512 numbers. */
const mostKept = 5000
/** Texts of one run. */
const mostRows = 32

/**
 * Makes them: each label in every prompt, the mean of these vectors scaled to length 1.
 * @source CLIP, section 3.1.4, "Prompt engineering and ensembling"
 */
export function createLabelVectors(model: ContrastiveModel, prompts: readonly string[]): LabelVectors {
  const kept = new Map<string, UnitVector>()
  return {
    async prepare(labels) {
      const unknown = [...new Set(labels)].filter(label => !kept.has(label))
      if (kept.size + unknown.length > mostKept)
        for (const label of kept.keys()) if (!labels.includes(label)) kept.delete(label)
      const texts = unknown.flatMap(label => prompts.map(prompt => prompt.replace('{}', () => label)))
      const vectors: UnitVector[] = []
      for (let from = 0; from < texts.length; from += mostRows) {
        vectors.push(...(await model.embedTexts(texts.slice(from, from + mostRows).map(text => model.tokenize(text)))))
      }
      for (const [index, label] of unknown.entries()) {
        kept.set(label, meanOf(vectors.slice(index * prompts.length, (index + 1) * prompts.length)))
      }
    },
    of(label) {
      const vector = kept.get(label)
      if (vector === undefined) throw new Error('a label was asked for that was not embedded')
      return vector
    },
  }
}

function meanOf(vectors: readonly UnitVector[]): UnitVector {
  const sum = new Float32Array(vectors[0]?.length ?? 0)
  for (const vector of vectors) vector.forEach((value, at) => (sum[at]! += value))
  return unit(sum)
}
