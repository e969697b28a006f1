import { patternRule, type Rule } from '../scan/rule.ts'

const gap = '[\\s,:*_"\'-]{1,4}'
const some = `(?:[a-z]{1,12}${gap}){0,4}`
const rules =
  '(?:instructions?|prompts?|rules?|directions?|guidelines?|directives?|commands?|orders?|programming|context|policies|restrictions|constraints|messages?|training|tasks?)'
const before =
  '(?:previous|prior|above|earlier|preceding|foregoing|initial|original|existing|former|system|developer|your|all|any|every|everything)'
const drop =
  '(?:ignore|disregard|forget|override|overrule|bypass|neglect|dismiss|discard|skip|drop|unlearn|circumvent|do not (?:follow|obey)|don.?t (?:follow|obey)|stop following)'
const tell =
  '(?:reveal|repeat|print|show|output|display|disclose|leak|dump|expose|tell me|give me|write out|what (?:is|are|was|were)|recite|summarize|translate|copy)'

/** What is said to a model to turn it against its orders, in small letters without disguises. */
const phrases: readonly (readonly [pattern: string, longest: number])[] = [
  [`\\b${drop}${gap}${some}${before}${gap}${some}${rules}\\b`, 190],
  [
    `\\b${drop}${gap}(?:all|any|everything)${gap}(?:of${gap})?(?:the${gap}|that${gap})?(?:above|previous|before|prior|i said|you were told|you have been told)`,
    90,
  ],
  [`\\bforget${gap}(?:everything|all)${gap}(?:you|that|we|above|before|prior|previous|i)\\b`, 60],
  [
    `\\b${tell}${gap}(?:[a-z]{1,12}${gap}){0,3}(?:system|initial|hidden|secret|original|developer|internal|confidential|base)${gap}(?:prompts?|instructions?|messages?|rules|directives)\\b`,
    130,
  ],
  [
    `\\b${tell}${gap}(?:[a-z]{1,12}${gap}){0,2}your${gap}(?:[a-z]{1,12}${gap}){0,2}(?:prompt|instructions|guidelines|system message)\\b`,
    130,
  ],
  [
    `\\b(?:repeat|print|output|write)${gap}(?:all${gap}|everything${gap}|the${gap}){0,3}(?:words|text|content|lines)${gap}above\\b`,
    80,
  ],
  [
    `\\byou${gap}are${gap}(?:now|no longer)${gap}(?:[a-z]{1,12}${gap}){0,4}(?:dan|jailbroken|unrestricted|unfiltered|uncensored|bound|limited|restricted|free of|free from|evil|developer mode|an ai|a different|in)\\b`,
    130,
  ],
  [
    `\\b(?:enable|enter|activate|switch to|turn on|simulate)${gap}(?:[a-z]{1,12}${gap}){0,2}(?:developer|dev|debug|god|jailbreak|dan|admin|sudo|maintenance|unrestricted)${gap}mode\\b`,
    90,
  ],
  ['\\bdo anything now\\b', 30],
  [
    `\\b(?:no|without|free (?:of|from)|ignore|ignoring|bypass|bypassing|remove|disable)${gap}(?:[a-z]{1,12}${gap}){0,3}(?:ethical|moral|safety|content|openai|anthropic|openai's|usage)${gap}(?:[a-z]{1,12}${gap}){0,2}(?:guidelines|restrictions|filters?|limits|limitations|polic(?:y|ies)|constraints|rules|principles|guardrails|measures)\\b`,
    150,
  ],
  [
    `\\b(?:pretend|act|respond|answer|behave|imagine|roleplay)${gap}(?:[a-z]{1,12}${gap}){0,6}(?:no|without|free of)${gap}(?:any${gap})?(?:restrictions|rules|limits|limitations|filters?|guidelines|censorship|morals|ethics|boundaries)\\b`,
    170,
  ],
  [`\\bstay${gap}in${gap}character${gap}(?:[a-z]{1,12}${gap}){0,8}(?:jailbreak|dan|refuse|break)\\b`, 140],
  [
    `\\b(?:new|updated|real|actual|true)${gap}(?:system${gap})?(?:instructions?|prompt|orders?|task)${gap}?(?::|=|are${gap}as${gap}follows)`,
    60,
  ],
  [
    `\\b(?:your|the)${gap}(?:new|real|true|only)${gap}(?:task|goal|job|objective|instruction|purpose)${gap}is(?:${gap}now)?${gap}to\\b`,
    70,
  ],
  ['<\\|(?:im_start|im_end|system|endoftext|start_header_id|eot_id|begin_of_text)\\|>', 24],
  ['\\[/?(?:inst|system|sys)\\]|<</?sys>>', 12],
  [
    '(?:^|\\n)\\s{0,4}#{2,4}\\s{0,2}(?:system|instruction|new instructions?|admin|override)\\s{0,2}:?\\s{0,2}(?=\\n|$)',
    60,
  ],
  [
    `\\[?\\(?\\b(?:system|admin|administrator|developer)${gap}(?:override|note|notice|alert|command|instruction)s?\\s?:`,
    50,
  ],
  [
    `\\b(?:begin|end|start|stop)(?:\\s|-|_|=){1,3}(?:of(?:\\s|-){1,2})?(?:system|user|admin|hidden|new)(?:\\s|-|_){1,2}(?:prompt|instructions?|input|message|override)\\b`,
    60,
  ],
  [
    `\\b(?:ignoriere?n?|missachte|vergiss)${gap}(?:[a-zß]{1,14}${gap}){0,4}(?:anweisungen|regeln|instruktionen|vorgaben|befehle)\\b`,
    120,
  ],
  [
    `\\b(?:ignore[rz]?|oublie[rz]?)${gap}(?:[a-z']{1,14}${gap}){0,5}(?:instructions|consignes|regles|directives)\\b`,
    120,
  ],
  [`\\b(?:ignora|olvida|omite)${gap}(?:[a-z]{1,14}${gap}){0,5}(?:instrucciones|ordenes|reglas|indicaciones)\\b`, 120],
  [`\\b(?:ignora|dimentica)${gap}(?:[a-z]{1,14}${gap}){0,5}(?:istruzioni|regole|direttive)\\b`, 120],
]

/** Phrases that try to take a model over. They see folded text. */
export function injectionRules(): readonly Rule[] {
  return phrases.map(([pattern, longest]) =>
    patternRule({ check: 'injection', kind: 'INJECTION', pattern: new RegExp(pattern, 'gu'), longest }),
  )
}

/**
 * Text that is written for models alone: letters among the tag characters, which are invisible. Models see raw text.
 */
export function hiddenTextRules(): readonly Rule[] {
  return [
    patternRule({
      check: 'injection',
      kind: 'HIDDEN_TEXT',
      // A flag of a region is a black flag with up to six of them.
      pattern: /[\u{E0020}-\u{E007E}]{8,}?/gu,
      longest: 16,
    }),
  ]
}
