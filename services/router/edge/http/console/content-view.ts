import { answerText } from '#services/contract/answer'
import { isWords, wordsIn } from '#services/contract/content'
import type { CascadeState } from '#services/state/cascade-log/cascade-log'

/** What was asked and answered, as far as the log holds it; media are described by kind and size. */
export function contentOf({ request, legs, end }: CascadeState): object {
  return {
    parts: request.parts.map(part =>
      isWords(part)
        ? { kind: part.kind, text: wordsIn(part).slice(0, longestShown) }
        : { kind: part.kind, bytes: 'payloadBytes' in part ? part.payloadBytes : null },
    ),
    answers: Object.fromEntries(
      legs.flatMap(leg =>
        leg.end?.kind === 'done' ? [[leg.rung, answerText(leg.end.result.output).slice(0, longestShown)]] : [],
      ),
    ),
    answer: end?.kind === 'answered' ? answerText(end.answer.output).slice(0, longestShown) : null,
  }
}

const longestShown = 20_000
