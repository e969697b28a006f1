import { patternRule, type Rule } from './scan/rule.ts'

/** Replaces data by placeholders, the same for the same data, and remembers the mapping. */
export interface Placeholders {
  /** The placeholder of some data; `isRestored`: the answer has the data in its place. */
  of(kind: string, data: string, isRestored: boolean): string
  /** The data that is put back, by placeholder. */
  readonly restored: Readonly<Record<string, string>>
}

const form = /\[([A-Z_]{2,16})_(\d{1,4})\]/gu

/** Makes the placeholders of one request; those that stand in its own text are left out, `known` ones go on. */
export function createPlaceholders(
  texts: readonly string[],
  known: Readonly<Record<string, string>> = {},
): Placeholders {
  const taken = new Set(texts.flatMap(text => [...text.matchAll(form)].map(([placeholder]) => placeholder)))
  const byData = new Map<string, string>()
  const counts = new Map<string, number>()
  const restored: Record<string, string> = { ...known }
  for (const [placeholder, data] of Object.entries(known)) {
    const [, kind] = new RegExp(form, 'u').exec(placeholder) ?? []
    byData.set(`${kind} ${data}`, placeholder)
  }

  const next = (kind: string): string => {
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    const placeholder = `[${kind}_${count}]`
    return taken.has(placeholder) ? next(kind) : placeholder
  }

  return {
    of(kind, data, isRestored) {
      const key = `${kind} ${data}`
      const placeholder = byData.get(key) ?? next(kind)
      byData.set(key, placeholder)
      if (isRestored) restored[placeholder] = data
      return placeholder
    },
    restored,
  }
}

/** The rule that finds placeholders in an answer; models write them in small letters or escape the underscore, too. */
export function placeholderRule(restored: Readonly<Record<string, string>>): Rule {
  return patternRule({
    check: 'personal-data',
    kind: 'PLACEHOLDER',
    pattern: /\\?\[[A-Za-z]{2,16}(?:\\?_[A-Za-z]{1,16}){0,2}\\?_\d{1,4}\\?\]/gu,
    longest: 64,
    isToken: true,
    accepts: data => dataOf(data, restored) !== undefined,
  })
}

/** What stands behind a placeholder. */
export function dataOf(placeholder: string, restored: Readonly<Record<string, string>>): string | undefined {
  const name = placeholder.replaceAll('\\', '').toUpperCase()
  return Object.hasOwn(restored, name) ? restored[name] : undefined
}
