import { z } from 'zod'
import type { Line } from '../remote/wire/post.ts'
import { readUsages } from '../remote/wire/read-usage.ts'
import type { UsageCounts } from '../remote/wire/usage-counts.ts'
import { postJson } from './post-json.ts'

/** Some answer in base64 whatever is asked for. @source OpenAI API reference, "Create embeddings", `encoding_format` */
const base64Floats = z
  .base64()
  .min(1)
  .transform((text, context): number[] => {
    const bytes = Buffer.from(text, 'base64')
    if (bytes.byteLength > 0 && bytes.byteLength % 4 === 0) {
      return Array.from({ length: bytes.byteLength / 4 }, (_, place) => bytes.readFloatLE(place * 4))
    }
    context.addIssue({ code: 'custom', message: 'no floats' })
    return z.NEVER
  })

/** @source OpenAI API reference, "Create embeddings" */
const schema = z.object({
  data: z.array(z.object({ embedding: z.union([z.array(z.number()).min(1), base64Floats]) })).min(1),
  usage: z.unknown().optional(),
})

/** A vector, and the usage that the server reports. */
export interface ServedEmbedding {
  readonly values: readonly number[]
  readonly counts: UsageCounts | undefined
}

/** Asks an OpenAI-compatible server for the vector of a text. @throws UpstreamError */
export async function embed(
  line: Line,
  { model, input }: { readonly model: string; readonly input: string },
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<ServedEmbedding> {
  const body = JSON.stringify({ model, input, encoding_format: 'float' })
  const { data, usage } = await postJson(line, { path: '/embeddings', body, signal }, schema, timeoutMs)
  return { values: data[0]?.embedding ?? [], counts: readUsages(usage) }
}
