import type { InferEvent__Output } from '../shared/rpc/generated/sluice/v1/InferEvent.ts'
import type { InferRequest } from '../shared/rpc/generated/sluice/v1/InferRequest.ts'
import { openGateway, type GatewayCaller } from './client.ts'
import type { CommonOptions } from './common-options.ts'
import { requestOf, type RequestOptions } from './request-options.ts'
import { percent, shortEnum, showAnswer, verdictStyle } from './show-answer.ts'
import type { Terminal } from './terminal.ts'

/** Options of `infer`. */
export interface InferOptions extends CommonOptions, RequestOptions {
  readonly stream?: boolean
}

/** `sluice infer` */
export async function runInfer(options: InferOptions, terminal: Terminal, ...words: string[]): Promise<void> {
  const request = requestOf(options, words)
  using gateway = await openGateway(options)
  if (options.stream === true) {
    await follow(gateway, request, terminal)
    return
  }
  const response = await gateway.call('Infer', request)
  if (terminal.json) terminal.value(response)
  else showAnswer(response, terminal)
}

async function follow(gateway: GatewayCaller, request: InferRequest, terminal: Terminal): Promise<void> {
  for await (const event of gateway.stream('InferStream', request)) {
    if (terminal.json) terminal.line(JSON.stringify(event))
    else tell(event, terminal)
  }
}

function tell(event: InferEvent__Output, terminal: Terminal): void {
  const { decision, rungStarted, textDelta, rungFinished, final } = event
  if (decision) {
    terminal.note(
      terminal.paint('dim', `difficulty ${decision.difficulty.toFixed(2)}; ladder ${decision.ladder.join(' → ')}`),
    )
  } else if (rungStarted) terminal.note(terminal.paint('cyan', `▸ ${rungStarted.model} (${rungStarted.tier})`))
  else if (textDelta) process.stdout.write(textDelta.text)
  else if (rungFinished) {
    const { verdict, model, reason, confidence } = rungFinished
    const word = terminal.paint(verdictStyle(verdict) ?? 'dim', shortEnum(verdict))
    terminal.note(`\n${word} ${model}, confidence ${percent(confidence)}: ${reason}`)
  } else if (final) {
    terminal.line()
    showAnswer(final, terminal)
  }
}
