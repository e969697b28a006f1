import type { MetadataValue } from '#services/wire/generated/sluice/v1/MetadataValue'
import { CommandFault } from '#services/cli/client/failure'

/** Reads `field=value`: a value that is a number, true or false is that, any other a text. @throws CommandFault */
export function readPairs(flag: string, pairs: readonly string[] = []): Record<string, MetadataValue> {
  return Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      if (at < 1) throw new CommandFault(`${flag}: expected field=value, got ${JSON.stringify(pair)}`)
      return [pair.slice(0, at), valueOf(pair.slice(at + 1))]
    }),
  )
}

function valueOf(text: string): MetadataValue {
  if (text === 'true' || text === 'false') return { flag: text === 'true' }
  const number = Number(text)
  return text.trim() !== '' && Number.isFinite(number) ? { number } : { text }
}

/** A value of a JSON document on the wire; `undefined` where it is none. */
export function pairOf(value: unknown): MetadataValue | undefined {
  if (typeof value === 'string') return { text: value }
  if (typeof value === 'number') return { number: value }
  return typeof value === 'boolean' ? { flag: value } : undefined
}

/** A value for a person. */
export function shownValue({ text, number, flag }: MetadataValue): string {
  return String(text ?? number ?? flag ?? '')
}
