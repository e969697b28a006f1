import { isIPv6 } from 'node:net'
import { patternRule, type PatternRule, type Rule } from '../scan/rule.ts'
import { isCardNumber, isIban } from './check-digits.ts'

/** The kinds of personal data that are recognised, as the configuration names them. */
export const personalDataKinds = ['email', 'phone', 'card', 'iban', 'ssn', 'ip', 'name'] as const
/** One of them. */
export type PersonalDataKind = (typeof personalDataKinds)[number]

/** Names of people are known by how they are introduced; there is no list of names. */
const introduced =
  "(?:[Mm]y (?:full )?name is|[Mm]y name's|I am called|[Mm]ein Name ist|[Ii]ch hei(?:ß|ss)e|[Jj]e m'appelle|[Mm]e llamo|[Mm]i nombre es|[Mm]i chiamo|Mr\\.?|Mrs\\.?|Ms\\.?|Dr\\.?|Herrn?|Frau|Monsieur|Madame|Señora?)"

const patterns: Readonly<Record<PersonalDataKind, Omit<PatternRule, 'check' | 'kind'>>> = {
  email: {
    pattern:
      /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}_%+-]{1,64}(?:\.[\p{L}\p{N}_%+-]{1,32}){0,6}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,5}\p{L}{2,24}(?![\p{L}\p{N}])/gu,
    longest: 256,
    isToken: true,
    needs: '@',
  },
  card: {
    pattern:
      /(?<![\w.,-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5})(?![\w-]|[ .]\d)/gu,
    longest: 40,
    accepts: isCardNumber,
  },
  iban: {
    pattern: /(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}(?![\p{L}\p{N}])/gu,
    longest: 48,
    accepts: isIban,
  },
  ssn: {
    pattern: /(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/gu,
    longest: 12,
  },
  phone: {
    // With the country's code; or in groups behind a zero or parentheses; or ten digits in the American way.
    pattern:
      /(?<![\p{L}\p{N}.,/+-])(?:(?:\+|00)[1-9]\d{0,2}(?:[ ./-]?\(?\d{1,5}\)?){2,6}|\(0?\d{2,5}\)[ -]?(?:\d{5,8}|\d{2,4}(?:[ -]\d{2,5}){1,3})|0\d{1,4}[ /-]\d{2,4}(?:[ -]?\d{2,4}){1,3}|0\d{9,10}|(?:1[ .-])?[2-9]\d{2}([.-])[2-9]\d{2}\1\d{4})(?:x\d{1,5})?(?![\p{L}\p{N}]|[-./,]\d)/gu,
    longest: 48,
    accepts: data => isPhoneNumber(data),
  },
  ip: {
    pattern:
      /(?<![\w.:])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\w.]\d|\w)|[0-9a-fA-F]{1,4}(?::{1,2}[0-9a-fA-F]{1,4}){3,7}(?![\w:]))/gu,
    longest: 48,
    isToken: true,
    accepts: data => (data.includes(':') ? isIPv6(data) : !/^(?:0|127|255)\./u.test(data)),
  },
  name: {
    pattern: new RegExp(
      `(?<![\\p{L}\\p{N}])${introduced} (?<data>\\p{Lu}[\\p{L}'’-]{1,24}(?: (?:(?:van|von|de|da|la|der|den|bin|al) ){0,2}\\p{Lu}[\\p{L}'’-]{1,24}){0,2})(?!\\p{L})`,
      'gu',
    ),
    longest: 128,
  },
}

/** E.164 has 7 to 15 digits; dates and years in a row are none. */
function isPhoneNumber(data: string): boolean {
  const digits = data.replaceAll(/\D/gu, '')
  return (
    digits.length >= 8 && digits.length <= 16 && !/^(?:0?\d|[12]\d|3[01])[./-](?:0?\d|1[0-2])[./-]\d{4}$/u.test(data)
  )
}

/** The rules for these kinds; cards and accounts come before telephones, which match a part of them. */
export function personalDataRules(kinds: readonly PersonalDataKind[] = personalDataKinds): readonly Rule[] {
  const wanted = new Set(kinds)
  return (Object.keys(patterns) as PersonalDataKind[])
    .filter(kind => wanted.has(kind))
    .map(kind => patternRule({ check: 'personal-data', kind: kind.toUpperCase(), ...patterns[kind] }))
}
