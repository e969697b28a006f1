import { guardrailChecks, type GuardrailAction, type GuardrailCheck } from '#services/contract/request'
import { hiddenTextRules, injectionRules } from './checks/injection.ts'
import { personalDataRules, type PersonalDataKind } from './checks/personal-data.ts'
import { secretRules } from './checks/secrets.ts'
import { toxicityRules } from './checks/toxicity.ts'
import type { Rule } from './scan/rule.ts'

/** One check of a set. */
export interface CheckOptions {
  readonly action: GuardrailAction
  /** `route`: the tier that answers. */
  readonly tier?: string | undefined
  /** `redact` of a request: whether the answer has the data in the place of what stood for it. */
  readonly restore?: boolean | undefined
  /** `personal-data`: what is looked for; all kinds when absent. */
  readonly kinds?: readonly PersonalDataKind[] | undefined
}

/** The checks of one stage, by name. */
export type StageOptions = { readonly [Check in GuardrailCheck]?: CheckOptions | undefined }

/** A named set of guardrails. */
export interface GuardrailSetOptions {
  readonly name: string
  /** Of requests, and of the passages that are found for them. */
  readonly before: StageOptions
  readonly after: StageOptions
  /** What becomes of a request or an answer that could not be checked: it passes, or it is refused. */
  readonly onFault: 'open' | 'closed'
}

/** A check with its rules. */
export interface ArmedCheck extends CheckOptions {
  readonly check: GuardrailCheck
  /** Rules that see the text as it is. */
  readonly rules: readonly Rule[]
  /** Rules that see it without disguises. */
  readonly foldedRules: readonly Rule[]
}

/** A set whose rules are made. */
export interface GuardrailSet extends Pick<GuardrailSetOptions, 'name' | 'onFault'> {
  readonly before: readonly ArmedCheck[]
  readonly after: readonly ArmedCheck[]
}

/** Makes the rules of a set. */
export function armSet({ name, onFault, before, after }: GuardrailSetOptions): GuardrailSet {
  return { name, onFault, before: armStage(before), after: armStage(after) }
}

function armStage(checks: StageOptions): readonly ArmedCheck[] {
  return guardrailChecks.flatMap(check => {
    const options = checks[check]
    return options === undefined ? [] : { ...options, check, ...makeRules[check](options) }
  })
}

const makeRules: Readonly<
  Record<GuardrailCheck, (options: CheckOptions) => Pick<ArmedCheck, 'rules' | 'foldedRules'>>
> = {
  injection: () => ({ rules: hiddenTextRules(), foldedRules: injectionRules() }),
  'personal-data': ({ kinds }) => ({ rules: personalDataRules(kinds), foldedRules: [] }),
  secrets: () => ({ rules: secretRules(), foldedRules: [] }),
  toxicity: () => ({ rules: toxicityRules(), foldedRules: [] }),
}
