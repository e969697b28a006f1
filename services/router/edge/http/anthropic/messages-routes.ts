import { incomingOf, infer, named, type InferDependencies } from '../infer.ts'
import { readBody } from '../read-body.ts'
import type { Route } from '../serve-route.ts'
import { streamAnswer } from '../stream-answer.ts'
import { countSchema, messagesSchema } from './messages-schema.ts'
import { readCounted, readMessages } from './read-messages.ts'
import { createMessageWriter, messageOf } from './write-messages.ts'

/** `POST /v1/messages` and `/v1/messages/count_tokens` */
export function createMessagesRoutes(dependencies: InferDependencies): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/messages',
      rpc: 'Infer',
      scope: 'infer',
      dialect: 'anthropic',
      summary: 'A message, whole or streamed',
      body: messagesSchema,
      async answer(given, call) {
        const body = readBody(messagesSchema, given)
        const incoming = incomingOf(readMessages(body), call, dependencies)
        if (body.stream !== true) return messageOf(await infer(incoming, call, dependencies))
        return streamAnswer({ incoming, dialect: 'anthropic' }, call, createMessageWriter, dependencies)
      },
    },
    {
      method: 'POST',
      path: '/v1/messages/count_tokens',
      rpc: 'CountTokens',
      scope: 'infer',
      dialect: 'anthropic',
      summary: 'Tokens of a message as the model that would be asked first reads it',
      body: countSchema,
      async answer(given, call) {
        const { names, ...incoming } = incomingOf(readCounted(readBody(countSchema, given)), call, dependencies)
        const counting = dependencies.countTokens(incoming, call.context.signal, 'first')
        const { counts } = await named(counting, names)
        return { input_tokens: counts[0]?.tokens ?? 0 }
      },
    },
  ]
}
