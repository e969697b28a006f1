import { refused, speech, sign, paper, film, cut, bytes } from './case.mjs'
import { wav } from '../tools.mjs'

/** Ten hours of silence in 1 MB: one packet, again and again. */
const tenHours =
  'ffmpeg -loglevel error -f lavfi -i anullsrc=r=48000:cl=mono -t 36000 -c:a libopus -b:a 6k -frame_duration 60 -y ten-hours.opus'

/** Files that are cut, lie or mean harm. */
export const hostile = [
  speech('ten-hours.opus', refused(/36000 s long, at most/u), tools => tools.run('sh', '-c', tenHours)),
  speech(
    'empty.wav',
    refused(/./u),
    bytes('empty.wav', () => wav({})),
  ),
  speech(
    'says-more.wav',
    refused(/cut short/u),
    bytes('says-more.wav', () => wav({ data: Buffer.alloc(32_000), says: 9e6 })),
  ),
  speech(
    'no-channels.wav',
    refused(/./u),
    bytes('no-channels.wav', () => wav({ channels: 0, data: Buffer.alloc(3200) })),
  ),
  speech(
    'fast.wav',
    refused(/./u),
    bytes('fast.wav', () => wav({ rate: 2_000_000_000, data: Buffer.alloc(3200) })),
  ),
  speech(
    'nothing.wav',
    refused(/it is empty/u),
    bytes('nothing.wav', () => Buffer.alloc(0)),
  ),
  speech(
    'noise.mp3',
    refused(/damaged|no sound|known/u),
    bytes('noise.mp3', () => Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1'), scrambled(20_000)])),
  ),
  ...['mp3', 'flac', 'opus', 'm4a', 'mka'].map(type =>
    speech(
      `cut.${type}`,
      refused(/cut short|damaged|no sound|contain/u),
      cut(`speech.${type}`, `cut.${type}`, type === 'mp3' ? 0.01 : 0.5),
    ),
  ),
  speech('cut.wav', refused(/cut short/u), cut('speech.wav', 'cut.wav', 0.5)),
  ...['png', 'jpg', 'gif', 'webp', 'tiff', 'avif'].map(type =>
    sign(`cut.${type}`, refused(/cut short|damaged|cannot be read/u), cut(`sign.${type}`, `cut.${type}`, 0.6)),
  ),
  paper('cut.pdf', refused(/cut short|damaged/u), cut('invoice.pdf', 'cut.pdf', 0.4)),
  ...['mp4', 'webm', 'mkv'].map(type =>
    film(`cut.${type}`, refused(/cut short|damaged|no video track/u), cut(`cards.${type}`, `cut.${type}`, 0.4)),
  ),
  sign('sound.png', refused(/expected image, found audio\/mpeg/u), cut('speech.mp3', 'sound.png', 1)),
  speech('picture.wav', refused(/expected audio, found image\/png/u), cut('sign.png', 'picture.wav', 1)),
  film(
    'playlist.mp4',
    refused(/no video of a kind that is known/u),
    bytes('playlist.mp4', () => '#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n'),
  ),
  film(
    'concat.mp4',
    refused(/no video of a kind that is known/u),
    bytes('concat.mp4', () => "ffconcat version 1.0\nfile '/etc/hostname'\n"),
  ),
  film(
    'referring.mov',
    refused(/./u),
    bytes('referring.mov', tools => referring(tools.read('cards-mpeg4.mp4'))),
  ),
  film(
    'says-large.mp4',
    refused(/./u),
    bytes('says-large.mp4', tools => wide(tools.read('cards.mp4'))),
  ),
  film(
    'deep.mkv',
    refused(/./u),
    bytes('deep.mkv', () =>
      Buffer.concat([Buffer.from('1a45dfa3808', 'hex').subarray(0, 5), Buffer.from('18538067'.repeat(4000), 'hex')]),
    ),
  ),
  film(
    'boxes.mp4',
    refused(/./u),
    bytes('boxes.mp4', () =>
      Buffer.concat([
        Buffer.from('\0\0\0\x10ftypisom\0\0\0\0', 'latin1'),
        Buffer.alloc(400_000, Buffer.from('\0\0\0\x08free', 'latin1')),
      ]),
    ),
  ),
  sign(
    'noise.png',
    refused(/damaged|cannot be read|cut short/u),
    bytes('noise.png', () => Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), scrambled(5000)])),
  ),
  paper(
    'noise.pdf',
    refused(/damaged|cut short/u),
    bytes('noise.pdf', () =>
      Buffer.concat([Buffer.from('%PDF-1.7\n', 'latin1'), scrambled(5000), Buffer.from('%%EOF', 'latin1')]),
    ),
  ),
  speech(
    'text.wav',
    refused(/no audio of a kind that is known/u),
    bytes('text.wav', () => 'Not a sound.\n'),
  ),
]

/** Bytes that look like nothing, the same each time. */
function scrambled(length) {
  let state = 1
  return Buffer.from(Array.from({ length }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff))
}

/** Its data are said to be in another file. @source ISO/IEC 14496-12, 8.7.2 "dref" */
function referring(mp4) {
  const at = mp4.indexOf('url \0\0\0\x01', 0, 'latin1')
  const other = Buffer.from(mp4)
  other[at + 7] = 0
  return other
}

/** Both the track and its codec say 60,000 by 60,000. */
function wide(mp4) {
  const other = Buffer.from(mp4)
  const track = other.indexOf('tkhd', 0, 'latin1')
  other.writeUInt32BE((60_000 * 65_536) >>> 0, track + 80)
  const sample = other.indexOf('avc1', other.indexOf('stsd', 0, 'latin1'), 'latin1')
  other.writeUInt16BE(60_000, sample + 28)
  other.writeUInt16BE(60_000, sample + 30)
  return other
}
