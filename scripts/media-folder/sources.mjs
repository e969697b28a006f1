import { cards, said } from './tools.mjs'

/** What every other file is made of. */
export function makeSources(tools) {
  tools.run('espeak-ng', '-v', 'en-gb', '-s', '150', '-w', 'spoken.wav', said)
  tools.ffmpeg('-i spoken.wav -af apad=pad_dur=0.5 -ar 16000 -ac 1 speech.wav')
  tools.ffmpeg('-i speech.wav -t 6 -af apad=whole_dur=6 track.wav')
  tools.sign('sign.png', cards[1])
  cards.forEach((card, place) => tools.sign(`card${place}.png`, card))
  tools.write('cards.txt', cards.map((_, place) => `file card${place}.png\nduration 2\n`).join('') + 'file card2.png\n')
  tools.ffmpeg('-f concat -i cards.txt -r 25 -t 6 -c:v ffv1 cards-source.mkv')
}
