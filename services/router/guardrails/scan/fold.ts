/** Characters that are not seen: joiners, marks of direction, soft hyphens, variation selectors, tags. */
const unseen = /\p{Default_Ignorable_Code_Point}/gu
const marks = /\p{Mn}/gu
// eslint-disable-next-line no-control-regex
const plain = /^[\u0000-\u007F]*$/u

/** Letters of other scripts that resemble Latin ones. */
const lookalikes: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from('аеорсухіјѕһԁԛѡαεικνορτυχ', (letter, index) => [letter, 'aeopcyxijshdqwaeikvoptux'.charAt(index)]),
)

/** A text without disguises: small letters, no marks on them, nothing unseen, look-alikes as what they look like. */
export function fold(text: string): string {
  if (plain.test(text)) return text.toLowerCase()
  const simple = text.replaceAll(unseen, '').normalize('NFKD').replaceAll(marks, '').toLowerCase()
  return simple.replaceAll(/[\u0370-\u052F]/gu, letter => lookalikes[letter] ?? letter)
}
