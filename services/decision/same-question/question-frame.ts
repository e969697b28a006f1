import { withoutCourtesy } from '#services/decision/features/without-courtesy'
import { contentStemOf } from './content-stem.ts'

/** A question without its form: two with the same frame ask the same. */
export interface QuestionFrame {
  /** What kind of thing is asked for, such as `how`, `price`, `count`, `when`, `may`; `other` where that is unknown. */
  readonly asks: string
  /** Stems of the words that tell something, in their order. */
  readonly words: readonly string[]
  /** Words that turn a relation around, such as `from`, `without` and `after`, in their order. */
  readonly relations: readonly string[]
  /** Small words of place and purpose, sorted: most often form, at times not (`on` and `for`). */
  readonly places: readonly string[]
  /** Of whom is spoken: `me`, `you`, `he`, `she`, `they`, sorted. */
  readonly persons: readonly string[]
  readonly isNegated: boolean
  readonly isPast: boolean
}

type Form = readonly [asks: string, pattern: RegExp, rest?: string]

const i = '(?:i|we|you|one|somebody|someone|people|guests)'
const can = '(?:can|could|may|might|do|does|should|shall|must|would)'
const unit = '(?:days?|weeks?|hours?|minutes?|months?|years?)'

/** Ways of asking, the more telling first; `rest` is what is left to tell, `$1` where it is absent. */
const forms: readonly Form[] = [
  [
    'how',
    new RegExp(
      `^${i} (?:want|wish|need|would like|have) to (.+?),? (?:and )?how ${can} ${i} do (?:that|it|this|so)$`,
      'u',
    ),
  ],
  ['how', new RegExp(`^how ${can} (?:an? |the |my |our |your )?(.+?) be (\\p{L}+(?:ed|en|t))\\b(.*)$`, 'u'), '$2 $1$3'],
  ['how', new RegExp(`^(?:(?:tell|show) me )?how (?:to|${can} ${i}|${i} ${can}) (.+)$`, 'u')],
  ['how', new RegExp(`^what ${can} ${i} (?:have to |need to )?do (?:in order )?to (.+)$`, 'u')],
  [
    'how',
    /^what (?:is|are) the (?:best |right |correct )?(?:ways?|steps?|procedure|instructions?|process) (?:to|for|of) (.+)$/u,
  ],
  ['how', /^is there (?:a|any) way (?:to|of|for) (.+)$/u],
  ['price', /^how much (?:does|do|will|would|did) it cost (?:me |us )?(?:to|for) (.+)$/u],
  ['price', /^how much (?:does|do|will|would|did) (.+) cost$/u],
  ['price', /^what (?:does|do|will|would|did) (.+) cost$/u],
  ['price', /^what (?:is|are|was|were) the (?:price|cost|fee|charge)s? (?:of|for|to) (.+)$/u],
  ['price', new RegExp(`^(?:what|how much) ${can} ${i} pay (?:to|for) (.+)$`, 'u')],
  ['price', /^how (?:expensive|cheap) (?:is|are|was) (.+)$/u],
  ['duration', new RegExp(`^(?:in |within )?how (?:long|much time|many ${unit}) (.+)$`, 'u')],
  ['count', /^(?:what (?:is|are|was) the number of|how many) (.+)$/u],
  ['when', /^(?:on |at |by |in |from |since )?(?:which|what) (?:date|day|time|hour|year|month) (.+)$/u],
  ['when', /^what (?:is|was) the (?:date|time) (?:of|when|on which|at which) (.+)$/u],
  ['when', /^(?:since )?when (.+)$/u],
  [
    'who',
    /^(?:who (?:is|are|was|were) the (?:person|one)s? (?:who|that)|which persons?|what person|who|whom|by whom) (.+)$/u,
  ],
  [
    'where',
    new RegExp(
      `^(?:where (?:is|are|was|were|${can} ${i} find|is it possible to|${can} ${i})|(?:give me|what (?:is|was)) the (?:address|location) of) (.+)$`,
      'u',
    ),
  ],
  [
    'why',
    /^(?:why|how come|what (?:is|are|was|were) the (?:reason|cause)s? (?:that|why|for|of)|what (?:makes|made|causes|caused)) (.+)$/u,
  ],
  ['meaning', /^what (?:does|do|did) (.+) (?:mean|stand for)$/u],
  ['meaning', /^(?:what (?:is|are) (?:the meaning of|meant by)|explain) (.+)$/u],
  ['need', /^(?:is|are) (?:an? |the |any )?(.+?) (?:needed|required|necessary|mandatory|obligatory)\b(.*)$/u, '$1$2'],
  [
    'need',
    new RegExp(`^(?:(?:do|does) ${i} (?:need|require)|must ${i} have|(?:do|does) ${i} have to have) (.+)$`, 'u'),
  ],
  ['may', /^(?:is|are) it (?:possible|permitted|allowed|okay|ok) (?:for )?(.*?)(?:\bto\b)(.+)$/u, '$1$2'],
  ['may', /^(?:am|is|are) (.+?) (?:allowed|permitted|able) to (.+)$/u, '$1 $2'],
  ['may', /^(?:do|does) (.+?) have (?:the )?(?:right|permission|access) to (.+)$/u, '$1 $2'],
  ['may', /^(?:can|could|may|might) (.+)$/u],
  ['should', /^(?:should|ought) (.+)$/u],
  ['must', /^(?:must|(?:do|does) .+? have to) (.+)$/u],
  ['yes', /^(?:is|are|was|were|do|does|did|will|would|has|have|had) (.+)$/u],
  ['what', /^(?:what|which) (?:is|are|was|were) (.+)$/u],
  ['what', /^(?:(?:name|give me|tell me|list|show me|what|which)) (.+)$/u],
]

const turning: ReadonlySet<string> = new Set(
  'from off out outside without before after under over above below against since until within between through during except'.split(
    ' ',
  ),
)
const negations: ReadonlySet<string> = new Set('no not never none nobody nothing neither nor cannot'.split(' '))
const past: ReadonlySet<string> = new Set('was were did had'.split(' '))
/** Words without which a question asks the same. */
const empty: ReadonlySet<string> = new Set(
  (
    'a about am an and any are as at be been being but by can could did do does doing for get gets getting go had has have ' +
    'having he her him his how i if in into is it its many may me might much must my of on one or our please shall she ' +
    'should so some take takes that the their them then there these they this those to us was we were what when where ' +
    'which who whom whose why will with would you your'
  ).split(' '),
)

const places: ReadonlySet<string> = new Set('about at by for in into of on to with'.split(' '))
const persons = new Map(
  ['i me my mine we us our', 'you your yours', 'he him his', 'she her hers', 'they them their'].flatMap(group => {
    const words = group.split(' ')
    return words.map(word => [word, words[0] ?? word] as const)
  }),
)
const opening =
  /^(?:\s*(?:(?:a |just a |one )?(?:quick |short |small )?question|(?:can |could |please )?(?:you )?tell me|i (?:want|would like|need) to know|do you know)\s*[.:,;-]\s*)+/iu

/** A text without the words that only announce a question. */
export function withoutOpening(text: string): string {
  const rest = withoutCourtesy(withoutCourtesy(text).replace(opening, ''))
  return rest.trim() === '' ? text : rest
}

/** Takes the form of asking away. Pure; knows English. */
export function questionFrame(text: string): QuestionFrame {
  const plain = withoutOpening(text)
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/n['’]t\b/gu, ' not')
    .replaceAll(/['’](?:s|re|ll|ve|d|m)\b/gu, ' ')
    .replaceAll(/[^\p{L}\p{M}\p{N}.,-]+/gu, ' ')
    .replaceAll(/(?<!\d)[.,-]|[.,-](?!\d)/gu, ' ')
    .replaceAll(/\s+/gu, ' ')
    .trim()
  const { asks, told } = formOf(plain)
  const words = plain.split(' ')
  const tokens = told.split(' ').filter(word => word !== '')
  return {
    asks,
    words: tokens.filter(word => !empty.has(word) && !turning.has(word) && !negations.has(word)).map(contentStemOf),
    relations: tokens.filter(word => turning.has(word)),
    places: tokens.filter(word => places.has(word)).toSorted(),
    persons: [...new Set(tokens.flatMap(word => persons.get(word) ?? []))].toSorted(),
    isNegated: words.filter(word => negations.has(word)).length % 2 === 1,
    isPast: words.some(word => past.has(word)),
  }
}

function formOf(plain: string): { readonly asks: string; readonly told: string } {
  for (const [asks, pattern, rest = '$1'] of forms) {
    if (pattern.test(plain)) return { asks, told: plain.replace(pattern, rest) }
  }
  return { asks: 'other', told: plain }
}
