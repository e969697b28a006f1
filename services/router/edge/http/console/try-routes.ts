import { z } from 'zod'
import type { Answer, Output } from '#services/contract/answer'
import { answerText } from '#services/contract/answer'
import type { Part } from '#services/contract/content'
import { conversationOf } from '#services/contract/conversation'
import { invalidField } from '#services/contract/errors'
import { demandScope } from '#services/router/edge/auth/authenticate'
import type { CascadeEvent } from '#services/router/request/states'
import { describeChosen } from '#services/router/watch/describe-request'
import { openEventStream, type EventStream } from '../event-stream.ts'
import { failureOf } from '../failures.ts'
import { incomingOf, infer, type Asked, type InferDependencies } from '../infer.ts'
import { maybe, readBody } from '../read-body.ts'
import { mediaOfBase64 } from '../read-media.ts'
import { present } from '../request-headers.ts'
import type { HttpCall, Route } from '../serve-route.ts'

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  text: maybe(z.string()),
  image: maybe(z.string().min(1)),
  audio: maybe(z.string().min(1)),
})

const trySchema = z.strictObject({
  task: z.enum(['generate', 'classify', 'transcribe', 'ocr', 'embed', 'generate_image']),
  model: z.string().min(1).default('auto'),
  messages: z.array(message).min(1).max(200),
  labels: maybe(z.array(z.string().min(1)).max(64)),
  labelSet: maybe(z.string().min(1)),
  maxOutputTokens: maybe(z.int().min(1)),
})

const common = { method: 'POST', scope: 'console', dialect: 'openai', body: trySchema } as const
const beatMs = 15_000

/**
 * The playground: what would be done with a request, and the request itself. Limits come as the headers that every
 * call has. The caller needs the scope `infer` too, and its tenant pays.
 */
export function createTryRoutes(dependencies: InferDependencies): readonly Route[] {
  return [
    {
      ...common,
      path: '/console/api/explain',
      rpc: 'Explain',
      summary: 'What would be done, without doing it',
      async answer(given, call) {
        const incoming = incomingFrom(given, call, dependencies)
        return describeChosen(await dependencies.handler.explain(incoming, call.context.signal))
      },
    },
    {
      ...common,
      path: '/console/api/run',
      rpc: 'InferStream',
      summary: 'A request with everything that happens on it',
      async answer(given, call) {
        await run(incomingFrom(given, call, dependencies), call, dependencies)
        return undefined
      },
    },
  ]
}

function incomingFrom(given: unknown, call: HttpCall, dependencies: InferDependencies): ReturnType<typeof incomingOf> {
  demandScope(call.context.caller, 'infer')
  return incomingOf(askedOf(readBody(trySchema, given)), call, dependencies)
}

function askedOf({ task, model, messages, labels, labelSet, maxOutputTokens }: z.output<typeof trySchema>): Asked {
  const all = messages.map(({ role, ...content }, index) => ({ role, parts: partsOf(content, `messages[${index}]`) }))
  const options = {
    ...present('labels', labels),
    ...present('labelSet', labelSet),
    ...present('maxOutputTokens', maxOutputTokens),
  }
  const [first, ...others] = all
  // One piece of content is no conversation, and most tasks take nothing else.
  if (first?.role === 'user' && others.length === 0) return { task, model, options, parts: first.parts }
  if (task !== 'generate') throw invalidField('messages', `expected one message of the user: the task is ${task}`)
  return { task, model, options, ...conversationOf(all) }
}

function partsOf({ text, image, audio }: Omit<z.output<typeof message>, 'role'>, field: string): readonly Part[] {
  const parts: Part[] = []
  if (image !== undefined && image !== null) parts.push(mediaOfBase64('image', image, `${field}.image`))
  if (audio !== undefined && audio !== null) parts.push(mediaOfBase64('audio', audio, `${field}.audio`))
  if (text !== undefined && text !== null && text !== '') parts.push({ kind: 'text', text })
  if (parts.length === 0) throw invalidField(field, 'expected a text, a picture or a sound')
  return parts
}

async function run(
  incoming: ReturnType<typeof incomingOf>,
  call: HttpCall,
  dependencies: InferDependencies,
): Promise<void> {
  const { reply, context } = call
  const stream = openEventStream(reply.raw, { beat: ': waiting\n\n', beatMs, signal: context.signal })
  try {
    const { requestId, answer } = await infer(incoming, call, dependencies, event => sendEvent(event, stream))
    await stream.send(answerView(requestId, answer), 'answer')
  } catch (error) {
    if (!stream.isOpen) throw error
    call.failed(error)
    await stream.send(failureOf(error, 'openai', call.callId).body, 'failure')
  } finally {
    if (stream.isOpen) stream.end()
    else stream.abandon()
  }
}

function sendEvent(event: CascadeEvent, stream: EventStream): Promise<void> {
  // The answer and its report follow.
  if (event.kind === 'found') return Promise.resolve()
  if (event.kind === 'decided') {
    return stream.send({ id: event.chosen.requestId, ...describeChosen(event.chosen) }, event.kind)
  }
  if (event.kind === 'rung-finished') return stream.send(event.report, event.kind)
  const { kind, ...rest } = event
  return stream.send(rest, kind)
}

function answerView(id: string, { output, ...answer }: Answer): object {
  return { id, ...answer, text: answerText(output), ...shownAs(output) }
}

function shownAs(output: Output): object {
  if (output.kind === 'labels') return { labels: output.labels.slice(0, 8) }
  if (output.kind !== 'image' || output.source.kind !== 'bytes') return {}
  const { bytes } = output.source
  return { picture: `data:${output.mediaType};base64,${Buffer.from(bytes).toString('base64')}` }
}
