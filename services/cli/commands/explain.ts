import { formatNanoUsd } from '#services/contract/money'
import type { Candidate__Output } from '#services/wire/generated/sluice/v1/Candidate'
import type { DomainCheck__Output } from '#services/wire/generated/sluice/v1/DomainCheck'
import { openGateway } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { requestOf, type RequestOptions } from '#services/cli/client/request-options'
import { msOf, percent, showMs } from '#services/cli/output/show-answer'
import { tableOf, type Terminal } from '#services/cli/output/terminal'

/** `sluice explain` */
export async function runExplain(
  options: CommonOptions & RequestOptions,
  terminal: Terminal,
  ...words: string[]
): Promise<void> {
  const request = requestOf(options, words)
  using gateway = await openGateway(options)
  const response = await gateway.call('Explain', request)
  if (terminal.json) {
    terminal.value(response)
    return
  }
  const { decision, firstStep, reason, reserveNanoUsd } = response
  if (decision === null) return
  const fallback = decision.fallback === '' ? '' : ` (a default: ${decision.fallback})`
  terminal.line(`difficulty  ${terminal.paint('bold', decision.difficulty.toFixed(3))}${fallback}`)
  terminal.line(`ladder      ${decision.ladder.join(' → ')}`)
  terminal.line(`first step  ${firstStep}: ${reason}`)
  terminal.line(`reserve     ${formatNanoUsd(reserveNanoUsd)}, the dearest path`)
  if (decision.domain !== null) terminal.line(domainLine(decision.domain, terminal))
  terminal.line(`policy      ${decision.policyVersion}, decided in ${showMs(msOf(decision.decidedIn))}`)
  terminal.line()
  terminal.line(candidateTable(decision.candidates, terminal))
  terminal.line()
  const features = Object.entries(decision.features).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
  terminal.line(terminal.paint('dim', features.join('  ')))
}

function domainLine({ unlikeness, limit, outOfDomain, reason }: DomainCheck__Output, terminal: Terminal): string {
  const figures = `unlikeness ${unlikeness.toFixed(2)}, limit ${limit}`
  const why = reason === 'labels' ? 'other labels than those of the fit' : figures
  return outOfDomain ? terminal.paint('yellow', `domain      outside: ${why}`) : `domain      inside: ${figures}`
}

function candidateTable(candidates: readonly Candidate__Output[], terminal: Terminal): string {
  return tableOf<Candidate__Output>(
    [
      { title: 'candidate', cell: one => one.model },
      { title: 'tier', cell: one => one.tier },
      { title: 'quality', align: 'right', cell: one => percent(one.predictedQuality) },
      { title: 'cost', align: 'right', cell: one => formatNanoUsd(one.predictedCostNanoUsd) },
      { title: 'time', align: 'right', cell: one => showMs(msOf(one.predictedLatency)) },
      { title: 'wait', align: 'right', cell: one => showMs(msOf(one.predictedWait)) },
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
