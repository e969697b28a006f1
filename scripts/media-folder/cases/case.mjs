// How a case is written: a file, what it is asked for, and the words of the right answer or of the refusal.
import { cards } from '../tools.mjs'

export const spoken = /train to london leaves from platform (?:7|seven) at (?:10|ten)/iu
export const read = /gate closed/iu
export const readAll = new RegExp(cards.map(card => card.replaceAll(/\W+/gu, '\\W*')).join('\\W+'), 'iu')
export const refused = words => ({ refused: words })

export const speech = (file, expected, make) => ({ file, kind: 'audio', task: 'transcribe', expected, make })
export const sign = (file, expected, make) => ({ file, kind: 'image', task: 'ocr', expected, make })
export const paper = (file, expected, make, task = 'ocr') => ({ file, kind: 'document', task, expected, make })
export const film = (file, expected, make, task = 'ocr') => ({ file, kind: 'video', task, expected, make })

export const encode = (codecs, name) => tools =>
  tools.ffmpeg(`-i cards-source.mkv -i track.wav ${codecs} -shortest ${name}`)
export const mute = (codecs, name) => tools => tools.ffmpeg(`-i cards-source.mkv ${codecs} ${name}`)
export const sound = (codecs, name) => tools => tools.ffmpeg(`-i speech.wav ${codecs} ${name}`)
export const draw = (how, name) => tools => tools.convert(`sign.png ${how} ${name}`)
export const cut = (from, name, share) => tools => tools.cut(from, name, share)
export const bytes = (name, make) => tools => tools.write(name, make(tools))
