/** Arguments as JSON, and whether something had to be mended to make them so. */
export interface ResolvedArguments {
  readonly json: string
  readonly isMended: boolean
}

/** How servers write that a call has no arguments. */
const empty: ReadonlySet<string> = new Set(['', 'null', '""', '[]', 'None', 'undefined'])

/**
 * The arguments of a call out of their pieces; `undefined` where they are not JSON. Pieces are bits in a row; some
 * servers send all that there is so far with each piece, an empty object first, or the whole once more at the end,
 * and some write the JSON as a JSON text.
 */
export function resolveArguments(pieces: readonly string[]): ResolvedArguments | undefined {
  const joined = pieces.join('')
  const plain = read(joined)
  if (plain !== undefined) return { ...plain, isMended: plain.isMended }
  const filled = pieces.filter(piece => piece.trim() !== '')
  const last = filled.at(-1) ?? ''
  const before = filled.slice(0, -1)
  const others = [
    // All so far, again and again; or the whole once more behind its bits.
    ...(before.every(piece => last.startsWith(piece.trim())) || before.join('') === last ? [last] : []),
    joined.replace(/^\s*(?:\{\s*\}|null)\s*(?=\{)/u, ''),
    joined.replace(/(?<=\})\s*(?:\{\s*\}|null)\s*$/u, ''),
  ]
  const mended = others.map(read).find(one => one !== undefined)
  return mended === undefined ? undefined : { ...mended, isMended: true }
}

function read(text: string): ResolvedArguments | undefined {
  const trimmed = text.trim()
  if (empty.has(trimmed)) return { json: '{}', isMended: trimmed !== '' }
  const value = parse(trimmed)
  if (value === undefined) return undefined
  if (typeof value !== 'string') return { json: withoutHalves(trimmed), isMended: false }
  const inner = empty.has(value.trim()) ? {} : parse(value)
  return typeof inner === 'object' && inner !== null
    ? { json: withoutHalves(value.trim() || '{}'), isMended: true }
    : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether a text is JSON of its own. */
export function isJson(text: string): boolean {
  return text.trim() !== '' && parse(text) !== undefined
}

/** Escapes of JSON: of a backslash, of a pair of halves, of one half alone. */
const escapes = /\\\\|\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|\\u(d[89a-f][0-9a-f]{2})/giu

/**
 * Halves of surrogate pairs that stand alone become U+FFFD, as letters and as escapes: what is parsed is to be text
 * too.
 */
export function withoutHalves(json: string): string {
  const escaped = json.includes('\\u')
  const mended = escaped
    ? json.replaceAll(escapes, (found, _high, _low, alone: string | undefined) =>
        alone === undefined ? found : '\\ufffd',
      )
    : json
  return mended.toWellFormed()
}

/** Arguments as a server gives them, as their JSON, whole or in part. */
export function argumentsIn(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
