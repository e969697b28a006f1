/** Words of everyday questions that mean the same there; the first stands for all. */
const synonyms: readonly string[] = [
  'buy purchase',
  'start begin commence',
  'end finish conclude',
  'big large',
  'small little',
  'maximum largest biggest highest most',
  'minimum smallest lowest least',
  'return sendback',
  'manage run lead',
  'allow permit',
  'use utilise utilize',
  'document paper',
  'parcel package',
  'deliver delivery ship shipping shipment',
  'repair mend fix',
  'delete erase',
  'remove uninstall',
  'enable activate turnon switchon',
  'disable deactivate turnoff switchoff',
  'photo picture photograph image',
  'car automobile',
  'phone telephone',
  'mail email e-mail',
  'holiday vacation',
  'salary wage pay',
  'client customer',
  'shop store',
  'fast quick rapid',
  'correct right',
  'wrong incorrect',
  'show display',
  'get obtain receive',
  'need require',
  'responsible incharge',
  'author write writer',
  'manager manage',
  'change modify alter',
  'increase rise goup',
  'decrease fall godown reduce',
  'reason cause',
  'consequence happen',
  'wireless wifi wi-fi',
  'network internet',
  'password passphrase',
  'licence license permit',
  'temperature hot',
  'film movie',
  'flat apartment',
  'choose select pick',
  'contact reach',
  'cancel calloff',
  'invoice bill',
  'refund reimburse reimbursement',
  'kilometre km kilometer',
  'kilogram kg',
  'minute min',
]
const firstOf = new Map(
  synonyms.flatMap(group => {
    const words = group.split(' ')
    return words.map(word => [stemOf(word), stemOf(words[0] ?? word)] as const)
  }),
)

/** The stem of a word, or that of the word that stands for it. Pure; knows English. */
export function contentStemOf(word: string): string {
  const stem = stemOf(word)
  return firstOf.get(stem) ?? stem
}

/** Without the endings of number, tense and person. @source Porter 1980, steps 1a to 1c */
function stemOf(word: string): string {
  if (word.length <= 3 || /\d/u.test(word)) return word
  const stem = withoutTense(withoutNumber(word))
  return stem.length > 3 ? stem.replace(/e$/u, '').replace(/y$/u, 'i') : stem
}

function withoutNumber(word: string): string {
  if (/(?:ss|x|ch|sh)es$/u.test(word)) return word.slice(0, -2)
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`
  return /[^su]s$/u.test(word) ? word.slice(0, -1) : word
}

function withoutTense(word: string): string {
  const [, stem = ''] = /^(.*[aeiouy].*?)(?:ing|ed)$/u.exec(word) ?? []
  return stem.length < 3 ? word : stem.replace(/([^aeiouylsz])\1$/u, '$1').replace(/ll$/u, 'l')
}
