import { isWords } from '#services/contract/content'
import type { Work } from '#services/backends/work'
import { withoutSecrets } from '#services/platform/http/without-secrets'

/** Removes the caller's words and secrets from a server's message. */
export interface Redact {
  /** The words as they may be shown and logged: of what two words in a row could be the caller's, nothing. */
  shown(words: string): string
  /**
   * The words by which the kind of an error is told: an idiom of two words is the server's own as often as the
   * caller's.
   */
  judged(words: string): string
}

/** What a redaction knows beside the request. */
export interface RedactOptions {
  /** Keys that are sent with the request. */
  readonly secrets: readonly string[]
  /** Names that may be shown, though a text of the request holds them too: the server's name of the model. */
  readonly shown: readonly string[]
}

/** Stands where something was taken out. */
const mark = '…'

/**
 * Makes the redaction for one leg. It takes out texts of the request, whole or in part, keys, and whatever looks
 * like a key or like media. Servers quote requests in their errors; neither the kind of an error nor what is shown
 * of it may hang on what was quoted.
 */
export function createRedact(work: Work, { secrets, shown }: RedactOptions): Redact {
  let quotable: Quotable | undefined
  const redact = (words: string, fewestWords: number): string => {
    quotable ??= quotableOf(work)
    const plain = withoutSecrets(unescape(words), secrets, mark)
    return withoutRuns(withoutSpans(plain, quotable, shown), quotable, fewestWords)
      .replaceAll(/…(?:[\s"'`“”‘’,;]*…)+/gu, mark)
      .replaceAll(/\s+/gu, ' ')
      .trim()
  }
  return { shown: words => redact(words, 2), judged: words => redact(words, 3) }
}

/** What of a request a server may quote: words in a row, with single spaces between them and at both ends. */
interface Quotable {
  readonly texts: readonly string[]
  /** Names, which are common words often: they are looked for between marks of quotation alone. */
  readonly names: readonly string[]
}

/** All text of the caller and of the operator's recipe for the model. */
function quotableOf({ parts, options, recipe }: Work): Quotable {
  const { instruction = '', tools = [], labels = [], language = '' } = options
  const said = parts.flatMap(part => {
    if (!isWords(part)) return []
    if (part.kind === 'text') return [part.text]
    if (part.kind === 'reasoning') return [part.text]
    return part.kind === 'tool-result' ? [part.content] : [part.argumentsJson]
  })
  const examples = (recipe.examples ?? []).flatMap(({ input, output }) => [input, output])
  const described = tools.flatMap(tool => [tool.description ?? '', tool.parametersJson])
  const texts = [...said, instruction, recipe.system ?? '', recipe.promptTemplate ?? '', ...examples, ...described]
  const ids = parts.flatMap(part => (part.kind === 'tool-call' ? [part.id, part.name] : []))
  const names = [...ids, ...tools.map(tool => tool.name), ...labels, language]
  return { texts: texts.flatMap(asRow), names: names.flatMap(asRow) }
}

function asRow(text: string): readonly string[] {
  const row = rowOf(text)
  return row === '' ? [] : [` ${row} `]
}

/** Scripts that put no spaces between words: each letter counts as one. */
const single = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}`
const escapes = /\\[nrt"'\\/]/gu
const singles = new RegExp(`[${single}]`, 'gu')
const between = /[^\p{L}\p{N}\p{M}]+/gu
const wordPattern = new RegExp(String.raw`\\[nrt"'\\/]|[${single}]|(?:(?![${single}])[\p{L}\p{N}\p{M}])+`, 'gu')

/** The words of a text, in lower case, with single spaces between them. */
function rowOf(text: string): string {
  return text.toLowerCase().replaceAll(escapes, ' ').replaceAll(singles, ' $& ').replaceAll(between, ' ').trim()
}

/** Letters that a server wrote as escapes of JSON or Python. */
function unescape(words: string): string {
  return words.replaceAll(/\\u([0-9a-f]{4})/giu, (_escape, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** So many words in a row are no chance; a quote of as many may begin and end within a word. */
const surelyQuoted = 3

/** Takes out runs of at least so many words that stand so in a text of the request, and whole texts of fewer words. */
function withoutRuns(words: string, { texts }: Quotable, fewestWords: number): string {
  const places = [...words.matchAll(wordPattern)].filter(([word]) => !word.startsWith('\\'))
  const isQuoted = (from: number, to: number): boolean => {
    const run = places
      .slice(from, to)
      .map(([word]) => word.toLowerCase())
      .join(' ')
    const wanted = to - from >= surelyQuoted ? run : ` ${run} `
    return texts.some(text => (to - from >= fewestWords ? text.includes(wanted) : text === wanted))
  }
  let kept = ''
  let at = 0
  for (let from = 0; from < places.length;) {
    let to = Math.min(places.length, from + fewestWords)
    while (to > from && !isQuoted(from, to)) to -= 1
    while (to - from >= fewestWords && to < places.length && isQuoted(from, to + 1)) to += 1
    const first = places[from]
    const last = places[to - 1]
    if (to > from && first !== undefined && last !== undefined) {
      kept += words.slice(at, first.index) + mark
      at = last.index + last[0].length
    }
    from = Math.max(to, from + 1)
  }
  return kept + words.slice(at)
}

/** Words between marks of quotation; an apostrophe within a word is none. */
const spans =
  /"((?:[^"\\]|\\.)*)"|(?<![\p{L}\p{N}])'((?:[^'\\]|\\.|'(?=\p{L}))*)'(?!\p{L})|`([^`]*)`|“([^”]*)”|‘([^’]*)’|«([^»]*)»/gsu

/** Removes quoted text that also occurs in the request, however short it is. */
function withoutSpans(words: string, { texts, names }: Quotable, shown: readonly string[]): string {
  const rows = [...texts, ...names]
  return words.replaceAll(spans, (span: string, ...groups: unknown[]) => {
    const inside = groups.slice(0, 6).find(group => typeof group === 'string') ?? ''
    const isCut = /(?:\.\.\.|…)$/u.test(inside)
    const run = rowOf(inside)
    if (run === '' || shown.includes(inside)) return span
    const wanted = isCut || run.split(' ').length >= surelyQuoted ? ` ${run}` : ` ${run} `
    return rows.some(row => row.includes(wanted)) ? `${span.charAt(0)}${mark}${span.at(-1) ?? ''}` : span
  })
}
