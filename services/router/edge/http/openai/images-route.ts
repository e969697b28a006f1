import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'
import { reportOf, tokensOfAnswer } from '../answer-report.ts'
import { incomingOf, infer, type InferDependencies } from '../infer.ts'
import { ignored, maybe, only, readBody } from '../read-body.ts'
import { present } from '../request-headers.ts'
import type { Route } from '../serve-route.ts'

/** @source OpenAI API reference, "Create image"; `model` may be left out, and pictures come as bytes alone */
const imagesSchema = z.strictObject({
  model: maybe(z.string().min(1)),
  prompt: z.string().min(1),
  n: only(1),
  size: maybe(z.string()),
  quality: maybe(z.string()),
  response_format: only('b64_json'),
  stream: only(false),
  background: only('auto'),
  moderation: only('auto'),
  partial_images: only(0),
  safety_identifier: ignored,
  user: ignored,
})

/** `POST /v1/images/generations` */
export function createImagesRoute(dependencies: InferDependencies): Route {
  return {
    method: 'POST',
    path: '/v1/images/generations',
    rpc: 'Infer',
    scope: 'infer',
    dialect: 'openai',
    summary: 'A picture of a text',
    body: imagesSchema,
    async answer(given, call) {
      const body = readBody(imagesSchema, given)
      const asked = {
        task: 'generate_image' as const,
        model: body.model ?? 'auto',
        parts: [{ kind: 'text' as const, text: body.prompt }],
        options: {
          ...present('size', body.size === 'auto' ? undefined : body.size),
          ...present('quality', body.quality === 'auto' ? undefined : body.quality),
        },
      }
      const { requestId, answer } = await infer(incomingOf(asked, call, dependencies), call, dependencies)
      const { output } = answer
      if (output.kind !== 'image' || output.source.kind !== 'bytes') {
        throw new GatewayError('NoModel', 'model: it does not answer with a picture', { reason: 'NO_MODEL_IMAGE' })
      }
      const { input, output: written } = tokensOfAnswer(answer)
      return {
        created: Math.floor(call.context.arrivedAt / 1000),
        data: [{ b64_json: Buffer.from(output.source.bytes).toString('base64') }],
        output_format: output.mediaType.replace('image/', ''),
        usage: { input_tokens: input, output_tokens: written, total_tokens: input + written },
        sluice: reportOf(requestId, answer),
      }
    },
  }
}
