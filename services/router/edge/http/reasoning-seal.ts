import type { Reasoning } from '#services/contract/content'

/**
 * What a model thought goes back to that model alone, so that its name has to come back with its proof. Neither
 * wire has a field for it: name and proof travel together in the opaque one that both have.
 */
const mark = 'sluice1.'

/** The opaque text that stands for the proof of a reasoning; `undefined` where there is none. */
export function sealOf({ signature, model }: Reasoning): string | undefined {
  if (signature === undefined || model === undefined) return undefined
  return `${mark}${Buffer.from(model).toString('base64url')}.${signature}`
}

/** The proof and the model that a seal holds; nothing where it is another's, which no model here could take. */
export function readSeal(seal: string | undefined | null): Pick<Reasoning, 'signature' | 'model'> {
  if (seal === undefined || seal === null || !seal.startsWith(mark)) return {}
  const at = seal.indexOf('.', mark.length)
  if (at < 0) return {}
  const model = Buffer.from(seal.slice(mark.length, at), 'base64url').toString()
  return { model, signature: seal.slice(at + 1) }
}
