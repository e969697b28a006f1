import type { InferEvent__Output } from '#services/wire/generated/sluice/v1/InferEvent'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import { openGateway, type GatewayCaller } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { checkOut, plainResponse, savePicture } from '#services/cli/output/picture'
import { fileTaskOf, requestOf, type RequestOptions } from '#services/cli/client/request-options'
import { inferMany } from './infer-many.ts'
import { percent, shortEnum, showAnswer, verdictStyle } from '#services/cli/output/show-answer'
import { jsonOf, type Terminal } from '#services/cli/output/terminal'
import { checkMessageSize } from '#services/cli/client/message-size'

/** Options of `infer`. */
export interface InferOptions extends CommonOptions, RequestOptions {
  readonly stream?: boolean
  /** `generate_image`: the file that takes the picture. With `jsonl`: the file that takes the answers. */
  readonly out?: string
  /** A file of requests, one a line of JSON; `-` is standard input. */
  readonly jsonl?: string
  /** So many of many at once. */
  readonly concurrency?: string
}

/** `sluice infer` */
export async function runInfer(options: InferOptions, terminal: Terminal, ...words: string[]): Promise<void> {
  if (options.jsonl !== undefined || (fileTaskOf(options) !== undefined && words.length > 1)) {
    await inferMany(options, terminal, words)
    return
  }
  const request = requestOf(options, words)
  const { out } = options
  checkOut(request, out)
  using gateway = await openGateway(options)
  checkMessageSize(request, gateway.messageBytes)
  if (options.stream === true) {
    await follow(gateway, request, out, terminal)
    return
  }
  const response = await gateway.call('Infer', request)
  save(response, out, terminal)
  if (terminal.json) terminal.value(plainResponse(response))
  else showAnswer(response, terminal)
}

function save(response: InferResponse__Output, out: string | undefined, terminal: Terminal): void {
  if (savePicture(response, out)) terminal.note(terminal.paint('dim', `the picture is in ${out}`))
}

async function follow(
  gateway: GatewayCaller,
  request: InferRequest,
  out: string | undefined,
  terminal: Terminal,
): Promise<void> {
  for await (const event of gateway.stream('InferStream', request)) {
    const { final } = event
    if (final) save(final, out, terminal)
    if (terminal.json) terminal.line(jsonOf(final ? { ...event, final: plainResponse(final) } : event))
    else printEvent(event, terminal)
  }
}

function printEvent(event: InferEvent__Output, terminal: Terminal): void {
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
