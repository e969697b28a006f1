import { GatewayError, isGatewayError } from '#services/contract/errors'

/** What the fields of a request are called in the wire that it came over. */
export interface WireNames {
  /** By the contract's name without `options.`, as `max_output_tokens` or `tools[].name`; others keep theirs. */
  readonly options: Readonly<Record<string, string>>
  /** Of the list of messages, as `messages` or `input`. */
  readonly list: string
  /** Of each message in its order, as `messages[0]`, `input[2]` or `system`. */
  readonly messages: readonly string[]
}

const named =
  /\boptions\.([a-z_]+)(\[\d+\])?((?:\.[a-z_]+)*)|\bmessages(?:\[(\d+)\](\.parts)?(?:\[\d+\])?(?:\.[a-z_]+)*)?/gu

/** A failure whose fields are called as their caller wrote them; anything else as it is. */
export function inWireNames(thrown: unknown, names: WireNames): unknown {
  if (!isGatewayError(thrown)) return thrown
  const { code, message, details, cause } = thrown
  const { violations } = details
  return new GatewayError(
    code,
    rename(message, names),
    {
      ...details,
      ...(violations === undefined
        ? {}
        : { violations: violations.map(({ field, description }) => ({ field: rename(field, names), description })) }),
    },
    { cause },
  )
}

function rename(text: string, { options, list, messages }: WireNames): string {
  return text.replaceAll(
    named,
    (_whole, option?: string, place = '', rest = '', message?: string, parts?: string): string => {
      if (option !== undefined) {
        const known = options[`${option}${place === '' ? '' : '[]'}${rest}`] ?? options[`${option}${rest}`]
        return known?.replace('[]', place) ?? `${option}${place}${rest}`
      }
      if (message === undefined) return list
      const name = messages[Number(message)] ?? list
      return parts === undefined || !name.endsWith(']') ? name : `${name}.content`
    },
  )
}
