/** What is shown between two times. */
export interface Cue {
  readonly text: string
  readonly startMs: number
  readonly endMs: number
}

const timing = /^((?:\d+:)?\d{1,2}:\d{2}[.,]\d{3})\s+-->\s+((?:\d+:)?\d{1,2}:\d{2}[.,]\d{3})/u

/** Reads the cues of WebVTT or SubRip. Pure. @source W3C "WebVTT: The Web Video Text Tracks Format", section 4 */
export function readSubtitles(text: string): readonly Cue[] {
  const blocks = text.replaceAll(/\r\n?/gu, '\n').split(/\n{2,}/u)
  return blocks.flatMap(block => {
    const lines = block.split('\n')
    const at = lines.findIndex(line => timing.test(line))
    const [, start = '', end = ''] = timing.exec(lines[at] ?? '') ?? []
    const said = lines
      .slice(at + 1)
      .join(' ')
      .replaceAll(/<[^>]{0,200}>/gu, '')
      .trim()
    return at < 0 || said === '' ? [] : [{ text: said, startMs: msOf(start), endMs: msOf(end) }]
  })
}

function msOf(text: string): number {
  const parts = text.replace(',', '.').split(':').map(Number)
  return Math.round(parts.reduce((sum, part) => sum * 60 + part, 0) * 1000)
}
