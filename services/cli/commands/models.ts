import type { Model__Output } from '#services/wire/generated/sluice/v1/Model'
import { openGateway } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { shortEnum } from '#services/cli/output/show-answer'
import { tableOf, type Terminal } from '#services/cli/output/terminal'

/** `sluice models` */
export async function runModels(options: CommonOptions, terminal: Terminal): Promise<void> {
  using gateway = await openGateway(options)
  const { models } = await gateway.call('ListModels', {})
  if (terminal.json) {
    terminal.value(models)
    return
  }
  const table = tableOf<Model__Output>(
    [
      { title: 'model', cell: model => model.name },
      { title: 'tier', cell: model => model.tier },
      { title: 'tasks', cell: model => model.tasks.map(shortEnum).join(', ') },
      { title: 'workers', align: 'right', cell: workersOf, style: model => (isServed(model) ? undefined : 'red') },
      { title: 'capacity', align: 'right', cell: model => String(model.state?.capacity ?? 0) },
      { title: 'waiting', align: 'right', cell: model => String(model.state?.waiting ?? 0) },
      { title: 'licence', cell: model => model.card?.licence ?? '' },
      { title: 'what it is', cell: model => model.card?.title ?? '', shrinks: true },
    ],
    models,
    terminal,
  )
  terminal.line(table)
}

function isServed({ state }: Model__Output): boolean {
  return state !== null && state.workers > state.draining
}

function workersOf({ state }: Model__Output): string {
  if (state === null) return '0'
  return state.draining === 0 ? String(state.workers) : `${state.workers} (${state.draining} draining)`
}
