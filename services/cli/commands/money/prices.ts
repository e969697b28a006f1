import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { loadConfig } from '#services/config/load-config'
import type { Task } from '#services/contract/content'
import type { Price } from '#services/contract/price'
import type { CommonOptions } from '#services/cli/client/common-options'
import { CommandFault } from '#services/cli/client/failure'
import { findLitellmNames, litellmFile, readLitellmPrice, type LitellmFile } from './litellm-prices.ts'
import type { Terminal } from '#services/cli/output/terminal'
import { fileFaultText } from '#services/platform/process/file-fault'
import { writeOutput } from '#services/calibrate/publish/write-output'

/** Options of `prices import`. */
export interface ImportPricesOptions extends CommonOptions {
  /** `<our model>=<their name>`, for names that differ. */
  readonly map?: readonly string[]
  /** The date from which the prices are in force. */
  readonly from?: string
  readonly out?: string
}

/** What of the file is not in the prices: a field of a model, or all of it. */
interface LeftOut {
  readonly model: string
  readonly fields?: readonly string[]
  readonly why: string
}

/**
 * `sluice prices import <file>`: writes the `prices` section of the configuration out of LiteLLM's price file, and
 * tells what it leaves out.
 */
export async function runImportPrices(options: ImportPricesOptions, terminal: Terminal, path = ''): Promise<void> {
  const file = readFile(path)
  const mapped = new Map((options.map ?? []).map(pairOf))
  const { config } = loadConfig(options.config)
  const models = Object.entries(config.models).flatMap(([model, { backend, tasks }]) => {
    const theirs = mapped.get(model) ?? ('model' in backend ? backend.model : undefined)
    return theirs === undefined ? [] : [{ model, theirs, task: tasks[0] }]
  })
  const found = models.map(one => ({ ...one, ...priceOf(one, file) }))
  const prices = Object.fromEntries(
    found.flatMap(({ model, price }) => {
      if (price === undefined) return []
      return [[model, [options.from === undefined ? price : { from: options.from, ...price }]] as const]
    }),
  )
  const leftOut = found.flatMap(one => one.leftOut)
  for (const { model, fields, why } of leftOut) {
    terminal.note(
      fields === undefined ? `${model}: no price: ${why}` : `${model}: left out ${fields.join(', ')}: ${why}`,
    )
  }
  const count = Object.keys(prices).length
  if (count === 0) {
    throw new CommandFault('no configured model has a price in the file; use --map for models with other names there')
  }
  write({ prices }, leftOut, options.out, terminal)
  terminal.note(`${count} models; add the section to the configuration and run config check`)
}

function write(section: object, leftOut: readonly LeftOut[], out: string | undefined, terminal: Terminal): void {
  const text = terminal.json ? JSON.stringify(section) : stringify(section).trimEnd()
  if (out !== undefined) writeOutput(out, `${text}\n`)
  if (terminal.json) terminal.value(out === undefined ? { ...section, leftOut } : { leftOut })
  else if (out === undefined) terminal.line(text)
}

interface Wanted {
  readonly model: string
  readonly theirs: string
  readonly task: Task | undefined
}

function priceOf(
  { model, theirs, task }: Wanted,
  file: LitellmFile,
): { readonly price?: Price; readonly leftOut: readonly LeftOut[] } {
  const [found, ...others] = findLitellmNames(file, theirs)
  if (found === undefined) return { leftOut: [{ model, why: `${theirs} is not in the file` }] }
  if (others.length > 0) {
    const why = `${theirs} is in the file ${others.length + 1} times (${found}, ${others[0]}, …); use --map`
    return { leftOut: [{ model, why }] }
  }
  const { price, unpriced, leftOut } = readLitellmPrice(file[found] ?? {}, task)
  const reasons = [...new Set(leftOut.map(({ why }) => why))]
  const fields = reasons.map(why => ({
    model,
    fields: leftOut.filter(one => one.why === why).map(({ field }) => field),
    why,
  }))
  const none = unpriced === undefined ? [] : [{ model, why: `${found}: ${unpriced}` }]
  return { ...(price === undefined ? {} : { price }), leftOut: [...fields, ...none] }
}

function readFile(path: string): LitellmFile {
  const text = readText(path)
  try {
    return litellmFile.parse(JSON.parse(text))
  } catch {
    throw new CommandFault(`${path} is not a price file of LiteLLM's (model_prices_and_context_window.json)`)
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandFault(`${path}: it cannot be read: ${fileFaultText(error)}`, { cause: error })
  }
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw new CommandFault(`--map ${text}: expected <model>=<name in the file>`)
  return [text.slice(0, at), text.slice(at + 1)]
}
