import type { Backend } from '../backend.ts'
import { encodeMessages, messagesTake, type MessagesStyle } from './messages-request.ts'
import { messagesDialect } from './messages-dialect.ts'
import type { Work } from '#services/backends/work'
import type { BackendDependencies } from '../backend-dependencies.ts'
import { badInput } from '../end-leg.ts'
import { chatBackend } from '../remote/chat.ts'
import { guardBackend } from '../remote/guard-backend.ts'
import { createServed, type ServedSpec } from '../remote/served.ts'

/** A model behind Anthropic's Messages, or a server that speaks it. */
export interface AnthropicSpec extends ServedSpec, MessagesStyle {
  readonly kind: 'anthropic'
}

/** Makes a backend that calls the server. This protocol has no log-probabilities. */
export function createAnthropicBackend(spec: AnthropicSpec, dependencies: BackendDependencies): Promise<Backend> {
  const served = createServed(spec, messagesDialect.headers(spec.apiKey), dependencies)
  const encode = (work: Work, model: string): object => encodeMessages(work, model, spec)
  const chats = chatBackend({ served, dialect: messagesDialect, encode, logprobs: false, dependencies })
  return Promise.resolve(
    guardBackend(chats, work =>
      work.parts.every(messagesTake) ? undefined : badInput('the model takes text, images and PDF alone', {}),
    ),
  )
}
