import { incomingOf, infer, type InferDependencies } from '../infer.ts'
import { readBody } from '../read-body.ts'
import type { Route } from '../serve-route.ts'
import { streamAnswer } from '../stream-answer.ts'
import { chatSchema } from './chat-schema.ts'
import { readChat } from './read-chat.ts'
import { chatOf, createChatWriter } from './write-chat.ts'

/** `POST /v1/chat/completions` */
export function createChatRoute(dependencies: InferDependencies): Route {
  return {
    method: 'POST',
    path: '/v1/chat/completions',
    rpc: 'Infer',
    scope: 'infer',
    dialect: 'openai',
    summary: 'Chat, whole or streamed',
    body: chatSchema,
    async answer(given, call) {
      const body = readBody(chatSchema, given)
      const incoming = incomingOf(readChat(body), call, dependencies)
      const createdAt = call.context.arrivedAt
      if (body.stream !== true) return chatOf(await infer(incoming, call, dependencies), createdAt)
      const includeUsage = body.stream_options?.include_usage === true
      return streamAnswer(
        { incoming, dialect: 'openai' },
        call,
        stream => createChatWriter(stream, { createdAt, includeUsage }),
        dependencies,
      )
    },
  }
}
