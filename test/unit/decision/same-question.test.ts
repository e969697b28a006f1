import { describe, expect, it } from 'vitest'
import { questionFrame } from '#services/decision/same-question/question-frame'
import { sameQuestion } from '#services/decision/same-question/same-question'

/** What a cache asks for where nothing else is said. */
const sure = 0.95

describe('one question in other words', () => {
  it.each([
    ['How do I reset my password?', 'How to reset my password'],
    ['How do I reset my password?', 'Quick question: what are the steps to reset my password?'],
    ['How do I install the app?', 'I want to install the app, how do I do that?'],
    ['When does the shop open?', 'What time does the shop open?'],
    ['How much does a ticket cost?', 'What is the price of a ticket?'],
    ['Can I bring my dog?', 'Am I allowed to bring my dog?'],
    ['Do I need a passport to enter Chile?', 'Is a passport required to enter Chile?'],
    ['Why is the sky blue?', 'Please tell me: what is the reason that the sky is blue?'],
    ['Where is the museum?', 'Where can I find the museum?'],
  ])('is known again: %s = %s', (one, other) => {
    expect(sameQuestion(one, other, 0.95)).toBeGreaterThan(sure)
    expect(sameQuestion(other, one, 0.95)).toBeGreaterThan(sure)
  })

  it.each([
    ['Is Bob taller than Alice?', 'Is Alice taller than Bob?'],
    ['What is the capital of Norway?', 'What was the capital of Norway?'],
    ['What is 2+2?', 'What is 2*2?'],
    ['What is 5?', 'What is -5?'],
    ['What do I get for $50?', 'What do I get for €50?'],
    ['Write hello world in C', 'Write hello world in C#'],
    ['Is C faster than C++?', 'Is C++ faster than C?'],
    ['What is my name?', 'What is your name?'],
    ['How do I open a bottle?', 'How do I open a bottle without an opener?'],
    ['Should I take the pill before meals?', 'Should I take the pill after meals?'],
    ['Should I take the pill?', 'Must I take the pill?'],
    ['Will I get a refund?', 'Did I get a refund?'],
    ['Is my order shipped?', 'Is my order not shipped?'],
    ['How do I add a user?', 'How do I remove a user?'],
    ['Who can cancel the order?', 'How do I cancel the order?'],
    ['Who is paid by Anna?', 'Who pays Anna?'],
    ['Convert 5 miles to km', 'Convert 5 km to miles'],
    ['How many calories are in 100 g of rice?', 'How many calories are in 100 kg of rice?'],
  ])('is told from another that is as like as can be: %s / %s', (one, other) => {
    expect(sameQuestion(one, other, 0.98)).toBeLessThan(sure)
    expect(sameQuestion(other, one, 0.98)).toBeLessThan(sure)
  })

  it('has a frame of what it asks and of whom', () => {
    expect(questionFrame('Hello! How can a bicycle be returned without a receipt?')).toMatchObject({
      asks: 'how',
      relations: ['without'],
      isNegated: false,
    })
    expect(questionFrame('How do I return the bicycle?').words).toEqual(
      questionFrame('What must I do to return a bicycle?').words,
    )
  })
})
