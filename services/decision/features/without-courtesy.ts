/**
 * A text without the greetings and polite words that it begins with: they say nothing of how hard it is. A text of
 * nothing else stays as it is. Pure.
 */
export function withoutCourtesy(text: string): string {
  const rest = text.replace(courtesy, '')
  return rest === '' ? text : rest
}

const greetings = 'hi|hello|hey|good (?:morning|day|afternoon|evening)|dear \\p{L}+'
const asking = '(?:could|can|would|will) you(?: please| kindly)?|please|kindly|i would like you to|i need you to'
const helping =
  '(?:help|assist) me(?: with (?:this|that|the following))?|(?:answer|solve) (?:this|the following)(?: question| problem)?(?: for me)?'
const thanks = 'thanks?(?: you)?(?: in advance| so much| very much)?'
const courtesy = new RegExp(
  `^(?:\\s*(?:${[greetings, asking, helping, thanks].join('|')})(?![\\p{L}\\p{N}])[\\s,.:;!?-]*)+`,
  'iu',
)
