import { readFileSync, writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { loadConfig } from '#services/config/load-config'
import { isPriced } from '#services/contract/price'
import type { CommonOptions } from '#services/cli/client/common-options'
import { CommandFault } from '#services/cli/client/failure'
import { findLitellmNames, litellmFile, readLitellmPrice, type LitellmFile } from './litellm-prices.ts'
import type { Terminal } from '#services/cli/output/terminal'

/** Options of `prices import`. */
export interface ImportPricesOptions extends CommonOptions {
  /** `<our model>=<their name>`, for names that differ. */
  readonly map?: readonly string[]
  /** The date from which the prices are in force. */
  readonly from?: string
  readonly out?: string
}

/** `sluice prices import <file>`: writes the `prices` section of the configuration out of LiteLLM's price file. */
export async function runImportPrices(options: ImportPricesOptions, terminal: Terminal, path = ''): Promise<void> {
  const file = readFile(path)
  const mapped = new Map((options.map ?? []).map(pairOf))
  const { config } = loadConfig(options.config)
  const models = Object.entries(config.models).flatMap(([name, { backend }]) => {
    const theirs = mapped.get(name) ?? ('model' in backend ? backend.model : undefined)
    return theirs === undefined ? [] : [{ name, theirs }]
  })
  const prices: Record<string, object[]> = {}
  for (const { name, theirs } of models) {
    const entry = entryOf(name, theirs, file, terminal)
    if (entry !== undefined) prices[name] = [options.from === undefined ? entry : { from: options.from, ...entry }]
  }
  if (Object.keys(prices).length === 0) throw new CommandFault('no configured model is in the file; --map names them')
  const text = terminal.json ? JSON.stringify({ prices }) : stringify({ prices })
  if (options.out === undefined) terminal.line(text.trimEnd())
  else writeFileSync(options.out, `${text.trimEnd()}\n`)
  terminal.note(`${Object.keys(prices).length} models; put the section into the configuration and check it`)
}

function entryOf(name: string, theirs: string, file: LitellmFile, terminal: Terminal): object | undefined {
  const [found, ...others] = findLitellmNames(file, theirs)
  if (found === undefined) {
    terminal.note(`${name}: ${theirs} is not in the file`)
    return undefined
  }
  if (others.length > 0) {
    terminal.note(`${name}: ${theirs} is in the file ${others.length + 1} times (${found}, ${others[0]}, …); use --map`)
    return undefined
  }
  const { price, leftOut } = readLitellmPrice(file[found] ?? {})
  if (leftOut.length > 0) terminal.note(`${name}: left out, since no price of ours says it: ${leftOut.join(', ')}`)
  if (isPriced(price)) return price
  terminal.note(`${name}: ${found} has no price in the file`)
  return undefined
}

function readFile(path: string): LitellmFile {
  try {
    return litellmFile.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    throw new CommandFault(`${path} is not a price file of LiteLLM's (model_prices_and_context_window.json)`)
  }
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new CommandFault(`--map ${text}: expected <model>=<name in the file>`)
  return [text.slice(0, at), text.slice(at + 1)]
}
