import type OpenAI from 'openai'
import { z } from 'zod'
import { addUsage } from '#services/contract/answer'
import { GatewayError, invalidField } from '#services/contract/errors'
import { addNanoUsd } from '#services/contract/money'
import { reportOf } from '../answer-report.ts'
import { incomingOf, infer, type Answered, type Asked, type InferDependencies } from '../infer.ts'
import { ignored, maybe, readBody } from '../read-body.ts'
import type { HttpCall, Route } from '../serve-route.ts'

/** What the body is held to. @source OpenAI API reference, "Create embeddings" */
export const embeddingsSchema = z.strictObject({
  model: z.string().min(1),
  input: z.union(
    [z.string().min(1), z.array(z.string().min(1)).min(1).max(2048)],
    'expected a text or a list of at most 2048 texts; lists of tokens are not taken here',
  ),
  encoding_format: maybe(z.enum(['float', 'base64'])),
  dimensions: maybe(z.int().min(1)),
  user: ignored,
})

/** Texts of one call that are under way together: they fill the workers' batches. */
const atOnce = 32

/** `POST /v1/embeddings` */
export function createEmbeddingsRoute(dependencies: InferDependencies): Route {
  return {
    method: 'POST',
    path: '/v1/embeddings',
    rpc: 'Infer',
    scope: 'infer',
    dialect: 'openai',
    summary: 'Vectors of texts',
    body: embeddingsSchema,
    async answer(given, call) {
      const body = readBody(embeddingsSchema, given)
      return embeddingsOf(await embedAll(readEmbeddings(body), call, dependencies), body)
    },
  }
}

type EmbeddingsBody = z.output<typeof embeddingsSchema>

/** What a body asks for: a request for each of its texts. */
export function readEmbeddings({ input, model }: EmbeddingsBody): readonly Asked[] {
  const texts = typeof input === 'string' ? [input] : input
  return texts.map(text => ({ task: 'embed', model, parts: [{ kind: 'text', text }], options: {} }))
}

/** The answers to all texts of a body, in their order. @throws GatewayError where a model gives other sizes */
export function embeddingsOf(answers: readonly Answered[], body: EmbeddingsBody): object {
  const data = answers.map(({ answer }, index) => {
    const values = valuesOf(answer.output)
    if (body.dimensions !== null && body.dimensions !== undefined && body.dimensions !== values.length) {
      throw invalidField('dimensions', `the model gives ${values.length}; they cannot be cut`)
    }
    return {
      object: 'embedding' as const,
      index,
      embedding: body.encoding_format === 'base64' ? packed(values) : values,
    }
  })
  return { object: 'list', data, ...totalsOf(answers) }
}

/**
 * Each text is a request of its own, with its own receipt. An idempotency key is the whole call's, and each text
 * has its part of it.
 */
async function embedAll(
  texts: readonly Asked[],
  call: HttpCall,
  dependencies: InferDependencies,
): Promise<readonly Answered[]> {
  const answers: Answered[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next; index < texts.length; index = next) {
      next += 1
      const asked = texts[index]
      if (asked === undefined) break
      const { request, ...incoming } = incomingOf(asked, call, dependencies)
      const key = request.idempotencyKey
      const own = key === undefined ? request : { ...request, idempotencyKey: `${key}:${index}` }
      answers[index] = await infer({ ...incoming, request: own }, call, dependencies)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, texts.length) }, work))
  return answers
}

function valuesOf(output: Answered['answer']['output']): readonly number[] {
  if (output.kind === 'embedding') return output.values
  throw new GatewayError('NoModel', 'model: it does not answer with an embedding', { reason: 'NO_MODEL_EMBEDDING' })
}

/** Little-endian 32-bit floats in base64, which is the clients' default. */
function packed(values: readonly number[]): string {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * 4)
  return bytes.toString('base64')
}

function totalsOf(answers: readonly Answered[]): object {
  const [first] = answers
  if (first === undefined) return {}
  const usage = addUsage(answers.map(({ answer }) => answer.usage))
  const { inputTokens = 0, cachedTokens = 0 } = usage
  const tokens = inputTokens + cachedTokens
  const costNanoUsd = addNanoUsd(...answers.map(({ answer }) => answer.costNanoUsd))
  return {
    model: first.answer.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens } satisfies OpenAI.CreateEmbeddingResponse.Usage,
    sluice: {
      ...reportOf(first.requestId, { ...first.answer, usage, costNanoUsd }),
      request_ids: answers.map(({ requestId }) => requestId),
    },
  }
}
