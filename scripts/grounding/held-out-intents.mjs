// Questions that nothing is fitted on, written before the features that they test: other subjects, other ways of asking
// and other kinds of near misses (units, roles, quantity, time, scope) than those of `question-pairs.mjs`.

export const heldOutIntents = [
  {
    ways: [
      'How do I connect a {thing} to the wireless network?',
      'How can a {thing} be connected to the wireless network?',
      'What are the steps for connecting a {thing} to the wireless network?',
      'Tell me how to connect a {thing} to the wireless network.',
    ],
    near: [
      'How do I disconnect a {thing} from the wireless network?',
      'Why does a {thing} not connect to the wireless network?',
      'Can I connect a {thing} to the wireless network?',
    ],
  },
  {
    ways: [
      'Who is responsible for safety in {place}?',
      'Who is in charge of safety in {place}?',
      'Which person is responsible for safety in {place}?',
    ],
    near: ['Who is responsible for sales in {place}?', 'For what is safety in {place} responsible?'],
  },
  {
    ways: [
      'How much does it cost to rent a {thing} for {number} days?',
      'What is the price of renting a {thing} for {number} days?',
      'What do I pay to rent a {thing} for {number} days?',
      'What does renting a {thing} for {number} days cost?',
    ],
    near: [
      'How much does it cost to rent a {thing} for {number} hours?',
      'How much does it cost to buy a {thing}?',
      'How much does it cost to insure a {thing} for {number} days?',
    ],
  },
  {
    ways: [
      'Where can I park near the station?',
      'Where is it possible to park near the station?',
      'Is there parking near the station, and where?',
    ],
    near: [
      'Where can I not park near the station?',
      'Where can I eat near the station?',
      'When can I park near the station?',
    ],
  },
  {
    ways: [
      'When does the contract of {person} end?',
      'What is the end date of the contract of {person}?',
      'On what date does the contract of {person} end?',
    ],
    near: [
      'When does the contract of {person} start?',
      'When did the contract of {person} end last time?',
      'Why does the contract of {person} end?',
    ],
  },
  {
    ways: [
      'Do I need a visa to travel to {place}?',
      'Is a visa needed to travel to {place}?',
      'Must I have a visa to travel to {place}?',
      'Is a visa required for travelling to {place}?',
    ],
    near: [
      'How do I get a visa to travel to {place}?',
      'Do I need a visa to work in {place}?',
      'Do I need a vaccination to travel to {place}?',
    ],
  },
  {
    ways: [
      'How many people work in the {place} office?',
      'What is the number of people who work in the {place} office?',
      'How many people are working in the {place} office?',
    ],
    near: [
      'How many people worked in the {place} office last year?',
      'Which people work in the {place} office?',
      'How many people work from home in {place}?',
    ],
  },
  {
    ways: [
      'What happens if I miss a payment?',
      'What happens when I miss a payment?',
      'What are the consequences of missing a payment?',
      'What will happen if a payment is missed?',
    ],
    near: ['What happens if I make a payment twice?', 'How do I miss a payment?', 'What happens if I miss a meeting?'],
  },
  {
    ways: [
      'Can {person} see the salaries of the team?',
      'Is {person} able to see the salaries of the team?',
      'Does {person} have the right to see the salaries of the team?',
    ],
    near: [
      'Can the team see the salary of {person}?',
      'Can {person} change the salaries of the team?',
      'Can nobody but {person} see the salaries of the team?',
    ],
  },
  {
    ways: [
      'How hot does the {thing} get after {number} minutes?',
      'How hot is the {thing} after {number} minutes?',
      'What temperature does the {thing} have after {number} minutes?',
    ],
    near: [
      'How hot does the {thing} get after {number} hours?',
      'How hot is the {thing} before {number} minutes have passed?',
    ],
  },
  {
    ways: [
      'Which train goes to the airport?',
      'What train goes to the airport?',
      'Which train do I take to get to the airport?',
      'Which is the train to the airport?',
    ],
    near: [
      'Which train comes from the airport?',
      'Which bus goes to the airport?',
      'When does the train go to the airport?',
    ],
  },
  {
    ways: [
      'Give me the address of the office in {place}.',
      'What is the address of the office in {place}?',
      'Where is the office in {place}?',
      'Where can I find the office in {place}?',
    ],
    near: ['What is the telephone number of the office in {place}?', 'Where was the office in {place} before?'],
  },
  {
    ways: [
      'Why is my {thing} so slow?',
      'What makes my {thing} so slow?',
      'What is the reason that my {thing} is so slow?',
      'How come my {thing} is so slow?',
    ],
    near: ['Why is my {thing} so loud?', 'How do I make my {thing} faster?', 'Why is my {thing} slow only at night?'],
  },
  {
    ways: [
      'What is the minimum age for a licence in {place}?',
      'How old must I be to get a licence in {place}?',
      'From what age can I get a licence in {place}?',
    ],
    near: [
      'What is the maximum age for a licence in {place}?',
      'What is the fee for a licence in {place}?',
      'What is the average age for a licence in {place}?',
    ],
  },
  {
    ways: [
      'How do I cancel order {number}?',
      'How can I cancel order {number}?',
      'I want to cancel order {number}, how do I do that?',
      'Is there a way to cancel order {number}?',
    ],
    near: [
      'How do I place order {number} again?',
      'Why was order {number} cancelled?',
      'Who can cancel order {number}?',
      'How do I change order {number}?',
    ],
  },
  {
    ways: [
      'Is it safe to leave the {thing} on overnight?',
      'Can the {thing} be left on overnight safely?',
      'May I leave the {thing} on overnight?',
    ],
    near: [
      'Is it safe to leave the {thing} off overnight?',
      'Is it safe to leave the {thing} outside overnight?',
      'Is it dangerous to leave the {thing} on overnight?',
    ],
  },
]
