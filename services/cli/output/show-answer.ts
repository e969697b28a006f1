import { formatNanoUsd } from '#services/contract/money'
import { locatorText } from '#services/contract/retrieval/locator-text'
import { locatorFromWire } from '#services/wire/convert/convert-locator'
import { durationFromWire } from '#services/wire/convert/time'
import type { Duration__Output } from '#services/wire/generated/google/protobuf/Duration'
import type { Grounding__Output } from '#services/wire/generated/sluice/v1/Grounding'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import type { LabelScore__Output } from '#services/wire/generated/sluice/v1/LabelScore'
import type { Output__Output } from '#services/wire/generated/sluice/v1/Output'
import type { RungReport__Output } from '#services/wire/generated/sluice/v1/RungReport'
import { tableOf, type Style, type Terminal } from './terminal.ts'

/** An answer as a person reads it, then the rungs by which it was found. */
export function showAnswer(response: InferResponse__Output, terminal: Terminal): void {
  terminal.line(terminal.paint('bold', outputText(response.output)))
  terminal.line()
  showRungs(response.rungs, terminal)
  terminal.line()
  const { model, confidence, costNanoUsd, latency, degraded, degradedReason, outOfDomain, requestId, grounding } =
    response
  const total = `${model} · confidence ${percent(confidence)} · ${formatNanoUsd(costNanoUsd)} · ${showMs(msOf(latency))}`
  terminal.line(total)
  if (outOfDomain) terminal.line(terminal.paint('yellow', outOfDomainLine))
  if (grounding !== null) showGrounding(grounding, terminal)
  if (degraded) terminal.line(terminal.paint('yellow', `degraded: ${shortEnum(degradedReason)}`))
  terminal.line(terminal.paint('dim', `request ${requestId}`))
}

function showGrounding({ support, ungrounded, citations }: Grounding__Output, terminal: Terminal): void {
  const words = `${ungrounded ? 'ungrounded: ' : ''}support ${percent(support)} by its sources`
  terminal.line(ungrounded ? terminal.paint('yellow', words) : words)
  for (const { number, title, documentId, chunk, locator } of citations) {
    const place = locator === null ? String(chunk) : locatorText(locatorFromWire(locator))
    terminal.line(terminal.paint('dim', `[${number}] ${title === '' ? '' : `${title}, `}${documentId} (${place})`))
  }
}

/** An answer among many: a line of facts, then the answer. */
export function briefAnswer(response: InferResponse__Output, terminal: Terminal): string {
  const { output, model, confidence, costNanoUsd, latency, outOfDomain, degraded, degradedReason } = response
  const facts = [model, percent(confidence), formatNanoUsd(costNanoUsd), showMs(msOf(latency))]
  const marks = [
    ...(outOfDomain ? ['out of domain'] : []),
    ...(degraded ? [`degraded: ${shortEnum(degradedReason)}`] : []),
  ].map(mark => `  ${terminal.paint('yellow', mark)}`)
  return `${terminal.paint('dim', facts.join(' · '))}${marks.join('')}\n${outputText(output)}`
}

/** What the confidence is then worth. */
const outOfDomainLine =
  'out of domain: the request is unlike the calibration rows, so the confidence is close to that of a guess'

/** The rungs tried, as a table. */
export function showRungs(rungs: readonly RungReport__Output[], terminal: Terminal): void {
  const table = tableOf<RungReport__Output>(
    [
      { title: 'rung', cell: rung => rung.model },
      { title: 'tier', cell: rung => rung.tier },
      { title: 'verdict', cell: rung => shortEnum(rung.verdict), style: rung => verdictStyle(rung.verdict) },
      { title: 'confidence', align: 'right', cell: rung => percent(rung.confidence) },
      { title: 'cost', align: 'right', cell: rung => formatNanoUsd(rung.costNanoUsd) },
      { title: 'time', align: 'right', cell: rung => showMs(msOf(rung.latency)) },
      { title: 'reason', cell: rung => rung.reason, shrinks: true },
    ],
    rungs,
    terminal,
  )
  terminal.line(table)
}

/** What a model gave, as text. */
export function outputText(output: Output__Output | null): string {
  if (output === null) return '(nothing)'
  const { labels, embedding, image, text = '(nothing)' } = output
  if (labels) return labelsText(labels.labels)
  if (embedding) return `${embedding.values.length} numbers in ${embedding.space}`
  return image ? `a picture of ${image.bytes?.length ?? 0} bytes, ${image.mediaType}` : text
}

/** Further ones add little. */
const labelsShown = 5

function labelsText(labels: readonly LabelScore__Output[]): string {
  const shown = labels.slice(0, labelsShown)
  return shown.map(({ label, score }) => `${label} ${percent(score)}`).join('  ')
}

/** `VERDICT_ACCEPTED` → `accepted`, `DEGRADED_REASON_NO_CAPACITY` → `no capacity`. */
export function shortEnum(name: string): string {
  return name
    .replace(/^(VERDICT|DEGRADED_REASON|JOB_STATE|TASK)_/u, '')
    .toLowerCase()
    .replaceAll('_', ' ')
}

/** Stands where nothing is known. */
export const dash = '-'

/** A ratio in percent; a dash where there is none. */
export function percent(ratio: number | undefined): string {
  return ratio === undefined ? dash : `${(ratio * 100).toFixed(1)} %`
}

/** A duration of the wire in ms. */
export function msOf(duration: Duration__Output | null): number {
  return duration === null ? 0 : durationFromWire(duration)
}

/** A duration for a person. */
export function showMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`
}

/** The colour of a verdict. */
export function verdictStyle(verdict: string): Style | undefined {
  if (verdict === 'VERDICT_ACCEPTED') return 'green'
  if (verdict === 'VERDICT_ESCALATED') return 'yellow'
  return verdict === 'VERDICT_FAILED' ? 'red' : 'dim'
}
