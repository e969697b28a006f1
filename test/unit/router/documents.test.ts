import { describe, expect, it } from 'vitest'
import { readSubtitles } from '#services/cli/commands/retrieval/read-subtitles'
import { locatorText } from '#services/contract/retrieval/locator-text'
import { charactersOf, readDocument } from '#services/router/retrieve/document'

const faultOf = (given: object): string => {
  try {
    readDocument({ id: 'a', ...given }, 'documents[3]')
    return 'none'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('a document', () => {
  it('has text, or sections, and names what no engine could keep', () => {
    expect(faultOf({ text: 'words' })).toBe('none')
    expect(faultOf({})).toContain('documents[3].text: expected a text')
    expect(faultOf({ text: '' })).toContain('documents[3].text: expected a text')
    expect(faultOf({ text: 'x', sections: [{ text: 'y' }] })).toContain('documents[3].sections')
    expect(faultOf({ sections: [] })).toContain('documents[3].sections')
    expect(faultOf({ sections: [{ text: 'y', locator: { startMs: 5, endMs: 4 } }] })).toContain('locator')
    expect(faultOf({ id: 'a\0b', text: 'x' })).toContain('documents[3].id: expected no NUL')
    expect(faultOf({ text: 'x', metadata: { 'a\0': 1 } })).toContain('documents[3].metadata')
    expect(faultOf({ text: 'x', metadata: { a: 'b\0' } })).toContain('documents[3].metadata.a')
  })

  it('is kept without NUL, and is as long as all of its sections', () => {
    const read = readDocument(
      { id: 'a', sections: [{ text: 'one\0two' }, { text: 'three', locator: { page: 2 } }] },
      '',
    )
    expect(read.sections?.[0]?.text).toBe('one two')
    expect(charactersOf(read)).toBe(12)
    expect(charactersOf(readDocument({ id: 'a', text: 'four' }, ''))).toBe(4)
  })
})

describe('subtitles', () => {
  it('are cues with their times, of WebVTT and of SubRip', () => {
    const vtt =
      'WEBVTT - talk\r\n\r\nNOTE nothing\r\n\r\nintro\r\n00:01.500 --> 00:02.000 align:start\r\n<v Ada>Hello\r\nthere\r\n\r\n01:00:00.000 --> 01:00:01.000\r\n\r\n'
    expect(readSubtitles(vtt)).toEqual([{ text: 'Hello there', startMs: 1500, endMs: 2000 }])
    const srt = '1\n00:00:01,000 --> 00:00:02,500\n<i>One</i>\n\n2\n01:02:03,004 --> 01:02:04,000\nTwo\n'
    expect(readSubtitles(srt)).toEqual([
      { text: 'One', startMs: 1000, endMs: 2500 },
      { text: 'Two', startMs: 3_723_004, endMs: 3_724_000 },
    ])
    expect(readSubtitles('no cues here')).toEqual([])
  })

  it('are cited by the clock', () => {
    expect(locatorText({ startMs: 65_000, endMs: 3_723_004 })).toBe('1:05 to 1:02:03')
    expect(locatorText({ page: 3 })).toBe('page 3')
    expect(locatorText({})).toBe('')
  })
})
