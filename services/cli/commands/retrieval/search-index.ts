import type { SearchHit__Output } from '#services/wire/generated/sluice/v1/SearchHit'
import type { SearchBy } from '#services/wire/generated/sluice/v1/SearchBy'
import { openGateway } from '#services/cli/client/client'
import type { CommonOptions } from '#services/cli/client/common-options'
import { CommandFault } from '#services/cli/client/failure'
import { readNumber } from '#services/cli/client/number-option'
import type { Terminal } from '#services/cli/output/terminal'
import { locatorText } from '#services/contract/retrieval/locator-text'
import { locatorFromWire } from '#services/wire/convert/convert-locator'
import { readPairs, shownValue } from './metadata-pairs.ts'

/** Options of `index search`. */
export interface SearchOptions extends CommonOptions {
  readonly limit: string
  readonly by: string
  readonly where?: readonly string[]
}

const ways: Readonly<Record<string, SearchBy>> = {
  both: 'SEARCH_BY_BOTH',
  vectors: 'SEARCH_BY_VECTORS',
  words: 'SEARCH_BY_WORDS',
}

/** `sluice index search <name> <words...>` */
export async function runSearchIndex(
  options: SearchOptions,
  terminal: Terminal,
  index = '',
  ...words: string[]
): Promise<void> {
  const by = ways[options.by]
  if (by === undefined) throw new CommandFault('--by: expected both, vectors or words')
  const limit = readNumber('--limit', options.limit, { from: 1, to: 100, whole: true })
  const conditions = Object.entries(readPairs('--where', options.where)).map(([field, value]) => ({
    field,
    anyOf: [value],
  }))
  using gateway = await openGateway(options)
  const { hits, costNanoUsd } = await gateway.call('SearchIndex', {
    index,
    text: words.join(' '),
    limit,
    by,
    conditions,
  })
  if (terminal.json) terminal.value({ hits, costNanoUsd })
  else if (hits.length === 0) terminal.line('nothing was found')
  for (const hit of terminal.json ? [] : hits) show(hit, terminal)
}

function show(hit: SearchHit__Output, terminal: Terminal): void {
  const { documentId, chunk, title, locator, metadata, similarity, wordScore } = hit
  const facts = [
    ...(locator === null ? [] : [locatorText(locatorFromWire(locator))]),
    ...(similarity === undefined ? [] : [`similarity ${similarity.toFixed(3)}`]),
    ...(wordScore === undefined ? [] : [`words ${wordScore.toFixed(2)}`]),
    ...Object.entries(metadata).map(([field, value]) => `${field}=${shownValue(value)}`),
  ]
  const name = title === '' ? documentId : `${documentId}  ${title}`
  terminal.line(`${terminal.paint('bold', `${name} [${chunk}]`)}  ${terminal.paint('dim', facts.join('  '))}`)
  terminal.line(`  ${hit.text.replaceAll(/\s+/gu, ' ')}`)
}
