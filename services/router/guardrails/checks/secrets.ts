import { patternRule, type PatternRule, type Rule } from '../scan/rule.ts'
import { entropyBits } from './check-digits.ts'

/** Credentials whose issuers give them a form of their own. @source the issuers' pages on secret scanning */
const forms: readonly string[] = [
  '(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}', // Amazon
  'gh[opsur]_[A-Za-z0-9]{36,255}', // GitHub
  'github_pat_[A-Za-z0-9_]{60,255}',
  'glpat-[A-Za-z0-9_-]{20,64}', // GitLab
  'xox[abeoprs]-[A-Za-z0-9-]{10,200}', // Slack
  '(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,247}', // Stripe
  'whsec_[A-Za-z0-9+/=]{24,100}',
  'sk-(?:proj-|svcacct-|ant-|or-v1-)?[A-Za-z0-9_-]{20,220}', // OpenAI, Anthropic, OpenRouter
  'AIza[A-Za-z0-9_-]{35}', // Google
  'ya29\\.[A-Za-z0-9_-]{20,250}',
  'npm_[A-Za-z0-9]{36}',
  'pypi-AgE[A-Za-z0-9_-]{50,250}',
  'hf_[A-Za-z0-9]{30,64}', // Hugging Face
  'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{16,64}', // SendGrid
  '(?:AC|SK)[0-9a-f]{32}', // Twilio
  'key-[0-9a-f]{32}', // Mailgun
  'dop_v1_[0-9a-f]{64}', // DigitalOcean
  'shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}', // Shopify
  'sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}', // Square
  '\\d{8,10}:AA[A-Za-z0-9_-]{33}', // Telegram
  'eyJ[A-Za-z0-9_-]{10,1024}\\.eyJ[A-Za-z0-9_-]{10,1024}\\.[A-Za-z0-9_-]{10,512}', // a JSON Web Token
]

const named =
  '(?:pass(?:word|wd|phrase|wort)?|pwd|secret(?:[ _-]?key)?|(?:api|access|auth|private|client)[ _-]?(?:key|token|secret)|token|mot de passe|contraseña|kennwort)'

const patterns: readonly Omit<PatternRule, 'check'>[] = [
  {
    kind: 'SECRET',
    pattern: new RegExp(`(?<![A-Za-z0-9_])(?:${forms.join('|')})(?![A-Za-z0-9_])`, 'gu'),
    longest: 2600,
    isToken: true,
  },
  {
    kind: 'PRIVATE_KEY',
    pattern: /-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----/gu,
    longest: 64,
    needs: '-----BEGIN',
  },
  {
    kind: 'PASSWORD',
    pattern: /(?<![\w])[a-z][a-z0-9+.-]{1,15}:\/\/[^\s:@/"'\\]{1,64}:(?<data>[^\s:@/"'\\]{3,128})@/giu,
    longest: 240,
    isToken: true,
    needs: '://',
  },
  {
    kind: 'PASSWORD',
    pattern: new RegExp(
      `(?<![\\p{L}])${named}["']?(?: (?:is|ist|est|es)|[ \\t]{0,2}(?::=|=>|[:=]))[ \\t]{0,2}["'\`]?(?<data>[^\\s"'\`\\\\,;<>{}]{6,128})`,
      'giu',
    ),
    longest: 190,
    accepts: data => isPasswordLike(data),
  },
  {
    kind: 'SECRET',
    pattern: /(?<![A-Za-z0-9+/_.@-])[A-Za-z0-9+/_-]{32,256}={0,2}(?![A-Za-z0-9+/=_-])/gu,
    longest: 260,
    isToken: true,
    accepts: data => isRandom(data),
  },
]

/** A word or a phrase behind `password:` is none, nor a call in a program; letters with digits or signs are. */
function isPasswordLike(data: string): boolean {
  if (/^[A-Za-z_$][\w$.]*\(/u.test(data)) return false
  const kinds = [/[a-z]/u, /[A-Z]/u, /\d/u, /[^\p{L}\d.]/u].filter(kind => kind.test(data)).length
  return kinds >= 3 || (kinds === 2 && /\d/u.test(data) && /\p{L}/u.test(data) && entropyBits(data) >= 2.5)
}

/** Base64 of random bytes: capitals, small letters and digits in disorder. A hash in hex is no secret, nor a path. */
function isRandom(data: string): boolean {
  if (!/[a-z]/u.test(data) || !/[A-Z]/u.test(data) || !/\d/u.test(data)) return false
  const words = data.split(/[/_-]|\d+/u).filter(part => /^(?:[a-z]{4,}|[A-Z][a-z]{3,}|[A-Z]{4,})$/u.test(part))
  return words.join('').length <= data.length / 4 && entropyBits(data) >= 4.2
}

/**
 * The rules for credentials: those of a known form first, then values under a telling key, then random-looking ones.
 */
export function secretRules(): readonly Rule[] {
  return patterns.map(pattern => patternRule({ check: 'secrets', ...pattern }))
}
