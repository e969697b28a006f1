import { GatewayError, isGatewayError } from '#services/contract/errors'

/** What the fields of a request are called in the wire that it came over. */
export interface WireNames {
  /** By the contract's name without `options.`, as `max_output_tokens` or `tools[].name`; others keep theirs. */
  readonly options: Readonly<Record<string, string>>
  /** Of the list of messages, as `messages` or `input`. */
  readonly list: string
  /** Of each message in its order, as `messages[0]`, `input[2]` or `system`. */
  readonly messages: readonly string[]
  /** Where a message has its calls of tools and the id that a result is of; `content` when absent. */
  readonly tools?: { readonly call: string; readonly result: string }
}

const ofOption = /\boptions\.([a-z_]+)((?:\[\d+\])?)((?:\.[a-z_]+)*)/gu
const ofMessage = /\bmessages((?:\[\d+\])?)((?:\.parts(?:\[\d+\])?(?:\.[a-z_]+)*)?)/gu

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

function rename(text: string, { options, list, messages, tools }: WireNames): string {
  return text
    .replaceAll(ofOption, (field: string) => {
      const [place = ''] = /\[\d+\]/u.exec(field) ?? []
      const name = field.slice('options.'.length)
      const known = options[name.replace(place, place === '' ? '' : '[]')]
      return known?.replace('[]', place) ?? name
    })
    .replaceAll(ofMessage, (_field, place: string, rest: string) => {
      const name = place === '' ? list : (messages[Number(place.slice(1, -1))] ?? list)
      return rest !== '' && name.endsWith(']') ? `${name}.${placeIn(rest, tools)}` : name
    })
}

function placeIn(part: string, tools: WireNames['tools']): string {
  const field = part.includes('.tool_call') ? tools?.call : part.includes('.tool_result') ? tools?.result : undefined
  return field ?? 'content'
}
