import { formatNanoUsd } from '#services/contract/money'
import { showApart } from '#services/contract/figures'
import type { Duration__Output } from '#services/wire/generated/google/protobuf/Duration'
import type { Candidate__Output } from '#services/wire/generated/sluice/v1/Candidate'
import type { Decision__Output } from '#services/wire/generated/sluice/v1/Decision'
import type { DomainCheck__Output } from '#services/wire/generated/sluice/v1/DomainCheck'
import { openGateway } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { requestOf, type RequestOptions } from '#services/cli/client/request-options'
import { dash, msOf, percent, showMs } from '#services/cli/output/show-answer'
import { tableOf, type Terminal } from '#services/cli/output/terminal'
import { checkMessageSize } from '#services/cli/client/message-size'

/** `sluice explain` */
export async function runExplain(
  options: CommonOptions & RequestOptions,
  terminal: Terminal,
  ...words: string[]
): Promise<void> {
  const request = requestOf(options, words)
  using gateway = await openGateway(options)
  checkMessageSize(request, gateway.messageBytes)
  const response = await gateway.call('Explain', request)
  if (terminal.json) {
    terminal.value(response)
    return
  }
  const { decision, firstStep, reason, reserveNanoUsd } = response
  if (decision === null) return
  terminal.line(`difficulty  ${difficultyOf(decision, terminal)}`)
  terminal.line(`ladder      ${decision.ladder.join(' → ')}`)
  terminal.line(`first step  ${firstStep}: ${reason}`)
  terminal.line(`reserve     ${formatNanoUsd(reserveNanoUsd)}, the worst-case cost of the ladder`)
  if (decision.domain !== null) terminal.line(domainLine(decision.domain, terminal))
  terminal.line(`policy      ${decision.policyVersion}, decided in ${showMs(msOf(decision.decidedIn))}`)
  terminal.line()
  terminal.line(candidateTable(decision.candidates, terminal))
  terminal.line()
  const features = Object.entries(decision.features).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
  terminal.line(terminal.paint('dim', features.join('  ')))
}

function domainLine({ unlikeness, limit, outOfDomain, reason }: DomainCheck__Output, terminal: Terminal): string {
  const [shown, most] = showApart(unlikeness, limit, 2)
  const figures = `unlikeness ${shown}, limit ${most}`
  const why = reason === 'labels' ? 'the policy was fitted on other labels' : figures
  return outOfDomain ? terminal.paint('yellow', `domain      outside: ${why}`) : `domain      inside: ${figures}`
}

/** A difficulty that nothing estimated is no number. */
function difficultyOf({ fallback, difficulty }: Decision__Output, terminal: Terminal): string {
  if (fallback === 'no-estimator') return `${dash} (the ladder has no fitted policy)`
  const shown = terminal.paint('bold', difficulty.toFixed(3))
  return fallback === '' ? shown : `${shown} (a default value, since estimating ended with: ${fallback})`
}

function money(nanoUsd: number | undefined): string {
  return nanoUsd === undefined ? dash : formatNanoUsd(nanoUsd)
}

function timeOf(duration: Duration__Output | null): string {
  return duration === null ? dash : showMs(msOf(duration))
}

function candidateTable(candidates: readonly Candidate__Output[], terminal: Terminal): string {
  return tableOf<Candidate__Output>(
    [
      { title: 'candidate', cell: one => one.model },
      { title: 'tier', cell: one => one.tier },
      { title: 'quality', align: 'right', cell: one => percent(one.predictedQuality) },
      { title: 'cost', align: 'right', cell: one => money(one.predictedCostNanoUsd) },
      { title: 'time', align: 'right', cell: one => timeOf(one.predictedLatency) },
      { title: 'wait', align: 'right', cell: one => timeOf(one.predictedWait) },
      {
        title: 'removed by',
        cell: one => (one.removedBy === '' ? '' : `${one.removedBy}: ${one.removedWhy}`),
        style: () => 'yellow',
      },
    ],
    candidates,
    terminal,
  )
}
