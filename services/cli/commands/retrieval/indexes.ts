import type { Index__Output } from '#services/wire/generated/sluice/v1/Index'
import { openGateway } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { readNumber } from '#services/cli/client/number-option'
import { tableOf, type Terminal } from '#services/cli/output/terminal'
import { when } from '../jobs.ts'

/** Options of `index create`. */
export interface CreateIndexOptions extends CommonOptions {
  readonly model?: string
  readonly chunkCharacters: string
}

/** `sluice index create <name>` */
export async function runCreateIndex(options: CreateIndexOptions, terminal: Terminal, name = ''): Promise<void> {
  const chunkCharacters = readNumber('--chunk-characters', options.chunkCharacters, {
    from: 100,
    to: 8000,
    whole: true,
  })
  using gateway = await openGateway(options)
  const index = await gateway.call('CreateIndex', { name, model: options.model ?? '', chunkCharacters })
  if (terminal.json) terminal.value(index)
  else terminal.line(tableOfIndexes([index], terminal))
}

/** `sluice index list` */
export async function runListIndexes(options: CommonOptions, terminal: Terminal): Promise<void> {
  using gateway = await openGateway(options)
  const { indexes } = await gateway.call('ListIndexes', {})
  if (terminal.json) terminal.value(indexes)
  else if (indexes.length === 0) terminal.line('no indexes')
  else terminal.line(tableOfIndexes(indexes, terminal))
}

/** `sluice index drop <name>` */
export async function runDropIndex(options: CommonOptions, terminal: Terminal, name = ''): Promise<void> {
  using gateway = await openGateway(options)
  await gateway.call('DropIndex', { name })
  if (terminal.json) terminal.value({ dropped: name })
  else terminal.line(`${name} is dropped`)
}

/** `sluice index remove <name> <id...>` */
export async function runRemoveDocuments(
  options: CommonOptions,
  terminal: Terminal,
  index = '',
  ...documentIds: string[]
): Promise<void> {
  using gateway = await openGateway(options)
  const { removed } = await gateway.call('RemoveDocuments', { index, documentIds })
  if (terminal.json) terminal.value({ removed })
  else terminal.line(`removed: ${removed} of ${documentIds.length}`)
}

function tableOfIndexes(indexes: readonly Index__Output[], terminal: Terminal): string {
  return tableOf<Index__Output>(
    [
      { title: 'index', cell: index => index.name },
      { title: 'model', cell: index => index.model },
      { title: 'dimensions', align: 'right', cell: index => String(index.dimensions) },
      { title: 'documents', align: 'right', cell: index => String(index.documents) },
      { title: 'chunks', align: 'right', cell: index => String(index.chunks) },
      { title: 'created', cell: index => when(index.createdAt) },
    ],
    indexes,
    terminal,
  )
}
