import { createInterface } from 'node:readline'
import { formatNanoUsd } from '#services/contract/money'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import type { Message } from '#services/wire/generated/sluice/v1/Message'
import type { Part } from '#services/wire/generated/sluice/v1/Part'
import { openGateway, type GatewayCaller } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { describeFailure } from '#services/cli/client/failure'
import { requestOf, type RequestOptions } from '#services/cli/client/request-options'
import { msOf, percent, shortEnum, showMs } from '#services/cli/output/show-answer'
import type { Terminal } from '#services/cli/output/terminal'

/** Options of `chat`. */
export interface ChatOptions extends CommonOptions, RequestOptions {}

/** `sluice chat` */
export async function runChat(options: ChatOptions, terminal: Terminal): Promise<void> {
  using gateway = await openGateway(options)
  const messages: Message[] = []
  const { content: _none, ...request } = requestOf({ ...options, task: 'generate', text: 'unsaid' }, [])
  const lines = createInterface({ input: process.stdin, terminal: false })
  const prompt = (): void => void (terminal.screen && process.stdout.write(terminal.paint('bold', 'you ▸ ')))
  terminal.note(terminal.paint('dim', 'a conversation; /new begins another, an empty line or Ctrl-D ends it'))
  prompt()
  for await (const line of lines) {
    const entered = line.trim()
    if (entered === '') break
    if (entered === '/new') messages.length = 0
    else await takeTurn(entered, { gateway, messages, request, terminal })
    prompt()
  }
}

interface Conversation {
  readonly gateway: GatewayCaller
  readonly messages: Message[]
  readonly request: Omit<InferRequest, 'content'>
  readonly terminal: Terminal
}

/** A turn that fails leaves the conversation as it was: the user may say it again. */
async function takeTurn(entered: string, { gateway, messages, request, terminal }: Conversation): Promise<void> {
  const asked: Message = { role: 'ROLE_USER', parts: [{ text: entered }] }
  let final: InferResponse__Output | undefined
  try {
    const stream = gateway.stream('InferStream', { ...request, messages: [...messages, asked] })
    for await (const event of stream) {
      if (event.textDelta && !terminal.json) process.stdout.write(event.textDelta.text)
      if (event.reasoningDelta && !terminal.json) {
        process.stderr.write(terminal.paint('dim', event.reasoningDelta.text))
      }
      if (event.final) final = event.final
    }
  } catch (error) {
    terminal.line()
    const { kind, message } = describeFailure(error)
    process.stderr.write(`${terminal.paint('red', kind)}: ${message}\n`)
    return
  }
  if (final === undefined) return
  messages.push(asked, answerOf(final))
  if (terminal.json) terminal.line(JSON.stringify(final))
  else showTurn(final, terminal)
}

/** The answer as a message of the conversation, what was thought with it. */
function answerOf({ output }: InferResponse__Output): Message {
  const { text = '', reasoning = [] } = output ?? {}
  const parts: Part[] = [...reasoning.map(one => ({ reasoning: one })), { text }]
  return { role: 'ROLE_ASSISTANT', parts }
}

/** Rung, confidence and cost, with the rungs that were passed over. */
function showTurn(response: InferResponse__Output, terminal: Terminal): void {
  const { rungs, confidence, costNanoUsd, latency, degraded, degradedReason } = response
  const path = rungs.map(({ model, verdict }) =>
    verdict === 'VERDICT_ACCEPTED' ? model : `${model} (${shortEnum(verdict)})`,
  )
  const lacks = degraded ? ` · degraded: ${shortEnum(degradedReason)}` : ''
  const line = `${path.join(' → ')} · confidence ${percent(confidence)} · ${formatNanoUsd(costNanoUsd)} · ${showMs(msOf(latency))}${lacks}`
  terminal.line()
  terminal.line(terminal.paint('dim', line))
}
