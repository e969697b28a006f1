import { z } from 'zod'
import type { Line } from '../upstream/post.ts'
import { postJson } from './post-json.ts'

/** @source OpenAI API reference, "Create embeddings" */
const schema = z.object({
  data: z.array(z.object({ embedding: z.array(z.number()).min(1) })).min(1),
  usage: z.object({ prompt_tokens: z.number().int().min(0) }).nullish(),
})

/** A vector, and the tokens that the server read for it where it tells. */
export interface ServedEmbedding {
  readonly values: readonly number[]
  readonly inputTokens: number | undefined
}

/** Asks an OpenAI-compatible server for the vector of a text. @throws UpstreamError */
export async function embed(
  line: Line,
  { model, input }: { readonly model: string; readonly input: string },
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<ServedEmbedding> {
  const body = JSON.stringify({ model, input, encoding_format: 'float' })
  const { data, usage } = await postJson(line, { path: '/embeddings', body, signal }, schema, timeoutMs)
  return { values: data[0]?.embedding ?? [], inputTokens: usage?.prompt_tokens }
}
