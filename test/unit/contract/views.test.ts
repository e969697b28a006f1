import { describe, expect, test } from 'vitest'
import { conversationFor, modalitiesTaken, viewsAmong, viewsTaken } from '#services/contract/media/views'
import { rungOf } from '../../support/builders.ts'

const question = { kind: 'text', text: 'What is said?' }
const frame = { kind: 'image', viewOf: 1 }
const sound = { kind: 'audio', viewOf: 1 }
const whole = { kind: 'video', viewOf: 1 }
const own = { kind: 'image' }
const parts = [question, whole, frame, frame, sound, own]

describe('conversationFor()', () => {
  test.each([
    ['words and sound', ['text', 'audio', 'image'], [question, frame, frame, sound, own]],
    ['sound alone', ['text', 'audio'], [question, sound, own]],
    ['frames alone', ['text', 'image'], [question, frame, frame, own]],
    ['the video whole, though it takes pictures too', ['text', 'image', 'audio', 'video'], [question, whole, own]],
  ] as const)('sends a rung of %s what it takes of a video', (_, taken, sent) => {
    expect(conversationFor({ parts }, taken)).toEqual({ parts: sent })
  })

  test('counts the parts of messages again', () => {
    const messages = [
      { role: 'user', parts: 5 },
      { role: 'assistant', parts: 0 },
      { role: 'user', parts: 1 },
    ] as const
    const sent = conversationFor({ parts, messages }, ['text', 'audio'])
    expect(sent.messages?.map(one => one.parts)).toEqual([2, 0, 1])
    expect(sent.parts).toEqual([question, sound, own])
  })

  test('gives the content of a request and nothing else of it', () => {
    const request = { parts: [question, own], deadlineAt: 5 }
    expect(conversationFor(request, ['text'])).toEqual({ parts: [question, own] })
    const messages = [{ role: 'user', parts: 2 }] as const
    expect(conversationFor({ ...request, messages }, ['text'])).toEqual({ parts: [question, own], messages })
  })
})

test('a rung takes what its model does, and what its recipe has read first', () => {
  const recipe = { readers: { audio: { model: 'tiny', price: {} } } }
  expect(modalitiesTaken(rungOf({ modalities: ['text'] }, { recipe }))).toEqual(['text', 'audio'])
})

test('of the views of a mute video a rung that only hears is sent none', () => {
  expect(viewsAmong([question, frame])).toEqual(['image'])
  expect(viewsTaken(['text', 'audio'], ['image'])).toEqual([])
  expect(viewsAmong([question, own])).toBeUndefined()
})
