// Pairs of questions: the same in other words, and near misses: another number, another name, a negation, the other
// end, another order, another thing asked for. Every intent has its ways of asking; `fold` keeps intents together, so
// that what is tested on was not fitted on.

const people = ['Anna', 'Omar', 'Lucia', 'Pieter', 'Yuki', 'Priya']
const places = ['Norway', 'Chile', 'Kenya', 'Japan', 'Portugal', 'Canada']
const things = ['laptop', 'bicycle', 'camera', 'washing machine', 'tent', 'guitar']
const numbers = ['14', '30', '7', '45', '90', '21']

/** `{a}` and `{b}` are filled; ways of one intent mean the same, `near` means something else. */
const intents = [
  {
    ways: [
      'How many days does delivery to {place} take?',
      'How long does it take to deliver to {place}?',
      'Delivery time to {place}, in days?',
      'In how many days will my parcel arrive in {place}?',
    ],
    near: [
      'How much does delivery to {place} cost?',
      'How many days does delivery from {place} take?',
      'Do you deliver to {place}?',
    ],
  },
  {
    ways: [
      'Can I return a {thing} within {number} days?',
      'Is it possible to return a {thing} within {number} days?',
      'May I send back a {thing} within {number} days?',
    ],
    near: [
      'Can I return a {thing} after {number} days?',
      'Can I not return a {thing} within {number} days?',
      'Can I exchange a {thing} within {number} days?',
    ],
  },
  {
    ways: [
      'What is the warranty on a {thing}?',
      'How long is the warranty of a {thing}?',
      'Which warranty does a {thing} have?',
      'Please tell me the warranty period for a {thing}.',
    ],
    near: [
      'What is the price of a {thing}?',
      'What is not covered by the warranty on a {thing}?',
      'How do I claim the warranty on a {thing}?',
    ],
  },
  {
    ways: [
      'How do I reset my password?',
      'How can I reset my password?',
      'I forgot my password, how do I reset it?',
      'What must I do to reset my password?',
    ],
    near: ['How do I change my email address?', 'How do I delete my account?', 'Why was my password reset?'],
  },
  {
    ways: [
      'Who manages the office in {place}?',
      'Who is the manager of the office in {place}?',
      'Who runs the {place} office?',
    ],
    near: [
      'Who founded the office in {place}?',
      'Where is the office in {place}?',
      'Who no longer manages the office in {place}?',
    ],
  },
  {
    ways: [
      'What is the maximum order for a {thing}?',
      'What is the largest order for a {thing}?',
      'How many of a {thing} can be ordered at most?',
    ],
    near: ['What is the minimum order for a {thing}?', 'What is the smallest order for a {thing}?'],
  },
  {
    ways: [
      'Is {person} allowed to approve invoices?',
      'May {person} approve invoices?',
      'Can {person} approve invoices?',
    ],
    near: [
      'Is {person} not allowed to approve invoices?',
      'Is {person} allowed to write invoices?',
      'Who allowed {person} to approve invoices?',
    ],
  },
  {
    ways: [
      'When did {person} join the company?',
      'On which date did {person} join the company?',
      'Since when has {person} been with the company?',
    ],
    near: [
      'When did {person} leave the company?',
      'Why did {person} join the company?',
      'When did the company join {person}?',
    ],
  },
  {
    ways: [
      'How do I convert {number} kilometres to miles?',
      'Convert {number} kilometres to miles.',
      '{number} kilometres in miles?',
      'What is {number} kilometres in miles?',
    ],
    near: ['How do I convert {number} miles to kilometres?', 'How do I convert {number} kilograms to pounds?'],
  },
  {
    ways: [
      'What is the tallest mountain in {place}?',
      'Which mountain is the tallest in {place}?',
      'Name the tallest mountain of {place}.',
    ],
    near: ['What is the longest river in {place}?', 'What is the tallest building in {place}?', 'How tall is {place}?'],
  },
  {
    ways: [
      'Does the {thing} work without electricity?',
      'Can the {thing} be used without electricity?',
      'Will the {thing} work with no electricity?',
    ],
    near: ['Does the {thing} work with electricity?', 'Does the {thing} work without water?'],
  },
  {
    ways: [
      'Which documents do I need to open an account in {place}?',
      'What documents are needed to open an account in {place}?',
      'What papers do I need for opening an account in {place}?',
    ],
    near: [
      'Which documents do I need to close an account in {place}?',
      'Which fees do I pay to open an account in {place}?',
    ],
  },
  {
    ways: ['How do I enable dark mode?', 'How can I turn on dark mode?', 'Where do I switch dark mode on?'],
    near: ['How do I disable dark mode?', 'How can I turn off dark mode?', 'How do I enable night alarms?'],
  },
  {
    ways: [
      'What time does the shop open on Monday?',
      'When does the shop open on Monday?',
      'At what time does the shop open on Mondays?',
    ],
    near: [
      'What time does the shop close on Monday?',
      'What time does the shop open on Sunday?',
      'Does the shop open on Monday?',
    ],
  },
  {
    ways: [
      'How many calories are in {number} grams of rice?',
      'Calories of {number} grams of rice?',
      'How many calories does {number} grams of rice have?',
    ],
    near: ['How many calories are in {number} grams of butter?', 'How much protein is in {number} grams of rice?'],
  },
  {
    ways: [
      'Who wrote the report on {place}?',
      'Who is the author of the report on {place}?',
      'By whom was the report on {place} written?',
    ],
    near: [
      'Who read the report on {place}?',
      'When was the report on {place} written?',
      'Who wrote the report for {place}?',
    ],
  },
  {
    ways: [
      'Is smoking permitted in the rooms?',
      'Is it permitted to smoke in the rooms?',
      'May guests smoke in the rooms?',
      'Are guests allowed to smoke in the rooms?',
    ],
    near: [
      'Is smoking forbidden in the rooms?',
      'Is cooking permitted in the rooms?',
      'Is smoking permitted outside the rooms?',
    ],
  },
  {
    ways: [
      'What does error {number} mean?',
      'What is the meaning of error {number}?',
      'Explain error {number}.',
      'What is error {number}?',
    ],
    near: ['How do I fix error {number}?', 'What does warning {number} mean?'],
  },
  {
    ways: [
      'How do I export my data to a file?',
      'How can I export my data to a file?',
      'What is the way to export my data into a file?',
    ],
    near: ['How do I import my data from a file?', 'How do I delete my data from a file?'],
  },
  {
    ways: [
      'Why did the price of a {thing} increase?',
      'Why has the price of a {thing} gone up?',
      'What made the price of a {thing} increase?',
    ],
    near: [
      'Why did the price of a {thing} decrease?',
      'When did the price of a {thing} increase?',
      'Why did the weight of a {thing} increase?',
    ],
  },
]

const courtesy = ['Please tell me: ', 'Hello! ', 'Quick question. ']

/** All pairs: `{one, other, same, kind, fold}`; of these intents, or of others. */
export function questionPairs(all = intents) {
  const pairs = []
  for (const [intent, { ways, near }] of all.entries()) {
    const fold = intent % 2
    for (let variant = 0; variant < 6; variant += 1) {
      const filled = text => fill(text, variant)
      const other = text => fill(text, variant + 1)
      for (const [at, way] of ways.entries()) {
        const next = ways[(at + 1) % ways.length]
        const add = (kind, same, one, two) => pairs.push({ one, other: two, same, kind, fold, intent })
        if (variant > 0 && filled(way) === fill(way, 0)) continue
        add('paraphrase', 1, filled(way), filled(next))
        add('courtesy', 1, filled(way), `${courtesy[variant % 3]}${filled(way)}`)
        add('form', 1, filled(way), filled(way).toLowerCase().replace(/[?.]$/u, ''))
        if (other(way) !== filled(way)) add('another name or number', 0, filled(way), other(way))
        if (other(way) !== filled(way)) add('another, in other words', 0, filled(way), other(next))
        for (const miss of near) add('near miss', 0, filled(way), filled(miss))
        const stranger = all[(intent + 2 + 2 * variant) % all.length].ways[0]
        add('unrelated', 0, filled(way), filled(stranger))
      }
    }
  }
  return pairs
}

function fill(text, variant) {
  const pick = list => list[variant % list.length]
  return text
    .replaceAll('{person}', pick(people))
    .replaceAll('{place}', pick(places))
    .replaceAll('{thing}', pick(things))
    .replaceAll('{number}', pick(numbers))
}
