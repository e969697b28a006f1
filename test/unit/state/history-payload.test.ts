import { describe, expect, it } from 'vitest'
import type { WordPart } from '#services/contract/content'
import { historyBytes, historyOf } from '#services/state/queue/payloads/history-payload'

interface Medium {
  readonly kind: 'image'
  readonly name: string
}
const image = (name: string): Medium => ({ kind: 'image', name })

const parts: readonly (WordPart | Medium)[] = [
  { kind: 'text', text: 'Be brief. \u00e9\u{1F600}', cachePoint: true },
  image('first'),
  { kind: 'text', text: '' },
  { kind: 'reasoning', text: 'hm', signature: 'proof', model: 'large' },
  { kind: 'tool-call', id: 'c0', name: 'weather', argumentsJson: '{"city":"Oslo"}' },
  { kind: 'tool-result', callId: 'c0', content: 'rain', isError: true },
  image('second'),
]
const messages = [
  { role: 'system', parts: 1 },
  { role: 'user', parts: 2 },
  { role: 'assistant', parts: 2 },
  { role: 'tool', parts: 1 },
  { role: 'user', parts: 1 },
] as const

describe('a history that was put away', () => {
  it('comes back as it was, with the media in their places', () => {
    const media = parts.filter(part => part.kind === 'image')
    expect(historyOf(historyBytes({ parts, messages }), media)).toEqual({ parts, messages })
  })

  it('holds no byte of the media', () => {
    expect(Buffer.from(historyBytes({ parts, messages })).toString()).not.toContain('first')
  })

  it('stays content without messages', () => {
    const plain = [parts[0]!, image('one')]
    expect(historyOf(historyBytes({ parts: plain }), [image('one')])).toEqual({ parts: plain })
  })

  it('is none where a medium is missing', () => {
    expect(historyOf(historyBytes({ parts, messages }), [image('first')])).toBeUndefined()
  })

  it('is read from a piece of a larger buffer, as Redis hands it over', () => {
    const bytes = historyBytes({ parts: [parts[0]!] })
    const around = Buffer.concat([Buffer.from('xx'), bytes, Buffer.from('yy')])
    expect(historyOf(around.subarray(2, 2 + bytes.byteLength), [])).toEqual({ parts: [parts[0]] })
  })
})
