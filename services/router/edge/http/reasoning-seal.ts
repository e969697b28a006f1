import { z } from 'zod'
import type { Reasoning } from '#services/contract/content'

/**
 * What a model thought goes back to that model alone, so that its name has to come back with its proof. Neither
 * wire has a field for it: name and proof travel together in the opaque one that both have.
 */
const mark = 'sluice1.'

/** The opaque signature of a reasoning; `undefined` where there is none. */
export function sealOf({ signature, model }: Reasoning): string | undefined {
  return signature === undefined || model === undefined ? undefined : pack({ model }, signature)
}

/** The same for a place apart from what was thought, which it therefore holds. */
export function wholeSealOf({ text, signature, model }: Reasoning): string | undefined {
  return signature === undefined || model === undefined ? undefined : pack({ model, text }, signature)
}

function pack(head: object, signature: string): string {
  return `${mark}${Buffer.from(JSON.stringify(head)).toString('base64url')}.${signature}`
}

const headSchema = z.object({ model: z.string(), text: z.string().optional() })

/** What a seal holds; nothing where it is another's, which no model here could take. */
export function readSeal(seal: string | undefined | null): Partial<Reasoning> {
  if (seal === undefined || seal === null || !seal.startsWith(mark)) return {}
  const at = seal.indexOf('.', mark.length)
  const head = at < 0 ? undefined : readHead(seal.slice(mark.length, at))
  return head === undefined ? {} : { ...head, signature: seal.slice(at + 1) }
}

function readHead(packed: string): Partial<Reasoning> | undefined {
  try {
    const { model, text } = headSchema.parse(JSON.parse(Buffer.from(packed, 'base64url').toString()))
    return text === undefined ? { model } : { model, text }
  } catch {
    // It only resembles one.
    return undefined
  }
}
