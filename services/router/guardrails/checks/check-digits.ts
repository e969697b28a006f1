/** Whether the digits of a payment card add up. @source ISO/IEC 7812-1, annex B (Luhn) */
export function isCardNumber(text: string): boolean {
  const digits = text.replaceAll(/\D/gu, '')
  if (digits.length < 13 || digits.length > 19 || /^(\d)\1*$/u.test(digits)) return false
  let sum = 0
  for (const [index, digit] of Array.from(digits).toReversed().entries()) {
    const doubled = index % 2 === 1 ? Number(digit) * 2 : Number(digit)
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** Whether the check digits of an account number are right. @source ISO 13616-1 */
export function isIban(text: string): boolean {
  const compact = text.replaceAll(/\s/gu, '').toUpperCase()
  if (compact.length < 15 || compact.length > 34) return false
  let rest = 0
  for (const letter of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(letter, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** Bits of a character of a text, by how often each occurs in it. */
export function entropyBits(text: string): number {
  const counts = new Map<string, number>()
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
