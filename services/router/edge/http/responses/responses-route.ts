import { incomingOf, infer, type InferDependencies } from '../infer.ts'
import { readBody } from '../read-body.ts'
import type { Route } from '../serve-route.ts'
import { streamAnswer } from '../stream-answer.ts'
import { readResponses } from './read-responses.ts'
import { createResponseWriter } from './response-events.ts'
import { responsesSchema } from './responses-schema.ts'
import { responseOf } from './write-response.ts'

/** `POST /v1/responses` */
export function createResponsesRoute(dependencies: InferDependencies): Route {
  return {
    method: 'POST',
    path: '/v1/responses',
    rpc: 'Infer',
    scope: 'infer',
    dialect: 'openai',
    summary: 'A response, whole or streamed',
    body: responsesSchema,
    async answer(given, call) {
      const body = readBody(responsesSchema, given)
      const incoming = incomingOf(readResponses(body), call, dependencies)
      const createdAt = call.context.arrivedAt
      if (body.stream !== true) return responseOf(await infer(incoming, call, dependencies), body, createdAt)
      return streamAnswer(
        { incoming, dialect: 'openai' },
        call,
        stream => createResponseWriter(stream, { body, createdAt }),
        dependencies,
      )
    },
  }
}
