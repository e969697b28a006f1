/** What a leg's answer is trusted with before any policy: its own confidence, within what its caveats leave. */
export function trustOf({ rawConfidence, caveats = [] }) {
  return Math.min(rawConfidence, ...caveats.map(caveat => caveat.mostConfidence))
}

/** Dashes are one sign. */
const comparable = text => text.replaceAll(/[\u2212\u2013\u2014\uFE63\uFF0D]/gu, '-').normalize('NFKC')
/** An amount is the same with and without a space between sign and number. */
const joinFeatures = text => text.replaceAll(/(^|\s)([-+])\s*(?=[$€£]?\s?\d)/gmu, '$1$2').replaceAll(/\$ (?=\d)/gu, '$')

/**
 * How a reading differs from what is there: words (by edits, so a lost space is two), and numbers with their signs.
 * Wrong is more than one word, and any number that has another sign.
 */
export function errorsOf(expected, read) {
  const [wanted, got] = [expected, read].map(text => joinFeatures(comparable(text)).split(/\s+/u).filter(Boolean))
  const words = editsBetween(wanted, got)
  const signs = signsOf(wanted.join(' ')) !== signsOf(got.join(' '))
  const wrong = words > 1 || (signs && words > 0)
  return { words, signs, wrong, note: `${words} of ${wanted.length} words${signs ? ', signs' : ''}` }
}

/** The signs that numbers have, in order. */
function signsOf(text) {
  return [...text.matchAll(/(?<![\p{L}\p{N}])([-+(])[$€£]?\d|\d([-)])(?![\p{L}\p{N}])/gu)]
    .map(found => found[1] ?? found[2])
    .join(' ')
}

function editsBetween(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1)
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1])))
    row = next
  }
  return row[b.length]
}
