import type { TimedText } from '#services/contract/answer'

/** Cues as a file of subtitles. @source SubRip; WebVTT, section 4 (an arrow in a text would end its cue) */
export function subtitlesOf(format: 'srt' | 'vtt', cues: readonly TimedText[]): string {
  const spoken = cues.filter(({ text }) => text !== '')
  const mark = format === 'srt' ? ',' : '.'
  const blocks = spoken.map(({ startMs, endMs, text }, index) => {
    const times = `${timeOf(startMs, mark)} --> ${timeOf(endMs, mark)}`
    const line = text.replaceAll('-->', '->').replaceAll(/\n{2,}/gu, '\n')
    return format === 'srt' ? `${index + 1}\n${times}\n${line}\n` : `${times}\n${line}\n`
  })
  return format === 'srt' ? blocks.join('\n') : ['WEBVTT\n', ...blocks].join('\n')
}

function timeOf(ms: number, mark: string): string {
  const whole = Math.round(ms)
  const seconds = Math.floor(whole / 1000)
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(one => part(one, 2))
  return `${clock.join(':')}${mark}${part(whole % 1000, 3)}`
}

function part(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
