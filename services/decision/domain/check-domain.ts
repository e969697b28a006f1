import type { DomainCheck } from '#services/decision/policy/policy'
import { labelOf } from '#services/decision/calibrators/features/own-features'
import { unlikenessOf, type Domain, type DomainInput } from './domain.ts'
import { showApart } from '#services/contract/figures'

/** A request beyond this is out of the domain: one in fifty of those inside is. */
const unlikenessLimit = 1

/** Holds a request against the domain of its policy. `labels` are those that the caller wants chosen among. Pure. */
export function checkDomain(domain: Domain, input: DomainInput, labels?: readonly string[]): DomainCheck {
  const { chance, labels: known, outside } = domain.file
  const unlikeness = unlikenessOf(domain, input)
  if (labels !== undefined && known !== undefined && !labels.every(label => isKnown(label, known))) {
    // The labels fit the text, as the caller says; how well a model separates them is unknown.
    return {
      unlikeness,
      limit: unlikenessLimit,
      outOfDomain: true,
      otherLabels: true,
      kept: 0,
      floor: 1 / labels.length,
    }
  }
  const outOfDomain = unlikeness > unlikenessLimit
  const checked = { unlikeness, limit: unlikenessLimit, outOfDomain, kept: keptOf(unlikeness) }
  if (outside === undefined) return { ...checked, floor: chance * fitting }
  return { ...checked, floor: Math.min(...Object.values(outside).map(one => one.quality)), outside }
}

function isKnown(label: string, known: readonly string[]): boolean {
  const comparable = labelOf({ model: '', answer: label })
  return comparable !== undefined && known.includes(comparable)
}

/** How much of P(correct) still counts: all of it well inside, half at the limit, none far outside. */
function keptOf(unlikeness: number): number {
  return 1 / (1 + Math.exp((unlikeness - unlikenessLimit) / softness))
}

const softness = 0.03

/** Chance that outside the domain the right answer is among those that models give there at all. */
const fitting = 0.25

/**
 * What is left of P(correct): outside the domain nothing is known but what a guess scores, where a guess may be
 * right at all. Never more than before. Pure.
 */
export function trustedBy(check: DomainCheck | undefined, chance: number, floor = check?.floor ?? 0): number {
  if (check === undefined) return chance
  return Math.min(chance, floor + check.kept * (chance - floor))
}

/** Why an answer is trusted less, before the reason of a step; empty inside the domain. */
export function domainReason(check: DomainCheck | undefined): string {
  if (check?.outOfDomain !== true) return ''
  if (check.otherLabels === true) return 'out of domain (the policy was fitted on other labels); '
  const [unlikeness, limit] = showApart(check.unlikeness, check.limit, 2)
  return `out of domain (unlikeness ${unlikeness} > ${limit}); `
}
