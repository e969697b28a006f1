/**
 * How wide the letter or digit is that begins at a place of a text, in UTF-16 units: 1 or 2; 0 where there is none,
 * as beyond its end. Pure.
 */
export function letterWidth(text: string, at: number): number {
  const unit = text.charCodeAt(at) | 0
  if (unit < surrogates.from || unit > surrogates.to) return isLetterUnit(unit) ? 1 : 0
  const code = text.codePointAt(at) ?? 0
  return code > 0xff_ff && letter.test(String.fromCodePoint(code)) ? 2 : 0
}

const letter = /[\p{L}\p{N}]/u
/** Halves of characters beyond the first 65,536. */
const surrogates = { from: 0xd8_00, to: 0xdf_ff }

/**
 * What each unit was found to be: asking the pattern for every character of a text takes longer than all else that
 * is read from it.
 */
const known = new Uint8Array(0x1_00_00)
const [no, yes] = [1, 2]

function isLetterUnit(unit: number): boolean {
  if (known[unit] === 0) known[unit] = letter.test(String.fromCharCode(unit)) ? yes : no
  return known[unit] === yes
}
