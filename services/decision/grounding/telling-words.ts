/** Stop words: they occur in every text. */
const common: ReadonlySet<string> = new Set(
  (
    'a about all also an and any are as at be been but by can could did do does for from had has have he her his how i ' +
    'if in into is it its many may me more most much no not of on one or other our out over she should so some such ' +
    'than that the their them then there these they this those to was we were what when where which who whom whose ' +
    'why will with would you your answer source sources question called named known name according'
  ).split(' '),
)

/** The words of a text without endings that change with number and case, so that `metals` is `metal`. */
export function wordsIn(text: string): readonly string[] {
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/(\d)[,’'](?=\d{3}\b)/gu, '$1')
  return (words.match(/\d+(?:\.\d+)?|[\p{L}\p{M}]+/gu) ?? []).map(stemOf)
}

/** Whether a word is not a stop word. */
export function isTelling(word: string): boolean {
  return !common.has(word) && (word.length > 1 || /\d/u.test(word))
}

function stemOf(word: string): string {
  if (word.length <= 3 || /\d/u.test(word)) return word
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  return /[^s]s$/u.test(word) ? word.slice(0, -1) : word
}
