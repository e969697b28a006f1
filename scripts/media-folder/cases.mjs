// The files, what each is asked for, and what is right: words that the answer holds, or words of the refusal.
import { cards, pages, pdf, said, wav } from './tools.mjs'

const heard = /train to london leaves from platform (?:7|seven) at (?:10|ten)/iu
const read = /gate closed/iu
const readAll = new RegExp(cards.map(card => card.replaceAll(/\W+/gu, '\\W*')).join('\\W+'), 'iu')
const refused = words => ({ refused: words })

const speech = (file, expected, make) => ({ file, kind: 'audio', task: 'transcribe', expected, make })
const sign = (file, expected, make) => ({ file, kind: 'image', task: 'ocr', expected, make })
const paper = (file, expected, make, task = 'ocr') => ({ file, kind: 'document', task, expected, make })
const film = (file, expected, make, task = 'ocr') => ({ file, kind: 'video', task, expected, make })

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

const encode = (codecs, name) => tools => tools.ffmpeg(`-i cards-source.mkv -i track.wav ${codecs} -shortest ${name}`)
const mute = (codecs, name) => tools => tools.ffmpeg(`-i cards-source.mkv ${codecs} ${name}`)
const sound = (codecs, name) => tools => tools.ffmpeg(`-i speech.wav ${codecs} ${name}`)
const draw = (how, name) => tools => tools.convert(`sign.png ${how} ${name}`)
const cut = (from, name, share) => tools => tools.cut(from, name, share)
const bytes = (name, make) => tools => tools.write(name, make(tools))

const sounds = [
  speech('speech.wav', heard),
  speech('speech-24bit.wav', heard, sound('-c:a pcm_s24le', 'speech-24bit.wav')),
  speech('speech-float.wav', heard, sound('-c:a pcm_f32le', 'speech-float.wav')),
  speech('speech-ulaw.wav', heard, sound('-c:a pcm_mulaw', 'speech-ulaw.wav')),
  speech('speech-alaw.wav', heard, sound('-c:a pcm_alaw', 'speech-alaw.wav')),
  speech('speech-surround.wav', heard, sound('-ac 6 -c:a pcm_s16le', 'speech-surround.wav')),
  speech('speech-rf64.wav', heard, sound('-rf64 always', 'speech-rf64.wav')),
  speech('speech-piped.wav', heard, tools =>
    tools.run('sh', '-c', 'ffmpeg -loglevel error -i speech.wav -f wav - >speech-piped.wav'),
  ),
  speech('speech.mp3', heard, tools => tools.run('lame', '--quiet', 'speech.wav', 'speech.mp3')),
  speech('speech-cover.mp3', heard, tools =>
    tools.run('lame', '--quiet', '--ti', 'card0.png', '--tt', 'Train', 'speech.wav', 'speech-cover.mp3'),
  ),
  speech('speech.flac', heard, sound('-c:a flac', 'speech.flac')),
  speech('speech.ogg', heard, sound('-c:a libvorbis', 'speech.ogg')),
  speech('speech.opus', heard, sound('-c:a libopus', 'speech.opus')),
  speech('speech.oga', heard, sound('-c:a flac -f ogg', 'speech.oga')),
  speech('speech.webm', heard, sound('-c:a libopus', 'speech.webm')),
  speech('speech.mka', heard, sound('-c:a libopus', 'speech.mka')),
  speech('speech.m4a', heard, sound('-c:a aac -ar 44100', 'speech.m4a')),
  speech('speech.aac', heard, sound('-c:a aac -ar 44100', 'speech.aac')),
  speech('speech.mov', heard, sound('-c:a pcm_s16le', 'speech.mov')),
  speech('speech-mp3.mp4', heard, sound('-c:a libmp3lame', 'speech-mp3.mp4')),
  speech('speech-ac3.mp4', refused(/codec is not read: ac3/u), sound('-c:a ac3 -ar 48000', 'speech-ac3.mp4')),
  speech('speech-alac.m4a', refused(/codec is not read/u), sound('-c:a alac', 'speech-alac.m4a')),
  speech('speech-vorbis.webm', refused(/codec|Vorbis/u), sound('-c:a libvorbis', 'speech-vorbis.webm')),
  speech('speech-adpcm.wav', refused(/ADPCM|format|coded|codec/iu), sound('-c:a adpcm_ms', 'speech-adpcm.wav')),
  speech('speech-mp2.mp2', refused(/audio\/\S+ cannot be read/u), sound('-c:a mp2', 'speech-mp2.mp2')),
  speech('speech.aiff', refused(/audio\/aiff cannot be read/u), sound('', 'speech.aiff')),
  speech('speech.caf', refused(/audio\/x-caf cannot be read/u), sound('', 'speech.caf')),
  speech('speech.au', refused(/audio\/basic cannot be read/u), sound('', 'speech.au')),
  speech('speech.wma', refused(/ms-asf cannot be read/u), sound('-c:a wmav2', 'speech.wma')),
  speech('speech.spx', refused(/codec is not read|cannot be read/u), tools => tools.write('speech.spx', speexHead())),
  speech(
    'music.mid',
    refused(/audio\/midi cannot be read/u),
    bytes('music.mid', () => Buffer.from('MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xff\x2f\0', 'latin1')),
  ),
  speech('speech.ac3', refused(/audio\/ac3 cannot be read/u), sound('-c:a ac3 -ar 48000', 'speech.ac3')),
]

/** The first page of Ogg with a Speex head, which is enough to name it. */
function speexHead() {
  const page = Buffer.alloc(28 + 80)
  page.write('OggS\0\x02', 0, 'latin1')
  page[26] = 1
  page[27] = 80
  page.write('Speex   1.2', 28, 'latin1')
  return page
}

const pictures = [
  sign('sign.png', read),
  sign('sign.jpg', read, draw('-quality 85', 'sign.jpg')),
  sign('sign-progressive.jpg', read, draw('-interlace JPEG', 'sign-progressive.jpg')),
  sign('sign-cmyk.jpg', read, draw('-colorspace CMYK', 'sign-cmyk.jpg')),
  sign('sign-turned.jpg', read, tools => turned(tools)),
  sign('sign.webp', read, draw('', 'sign.webp')),
  sign('sign.gif', read, draw('', 'sign.gif')),
  sign('sign.tiff', read, draw('-compress LZW', 'sign.tiff')),
  sign('sign-fax.tiff', read, draw('-monochrome -compress Group4', 'sign-fax.tiff')),
  sign('sign.avif', read, tools =>
    tools.ffmpeg('-i sign.png -frames:v 1 -c:v libaom-av1 -still-picture 1 -cpu-used 8 sign.avif'),
  ),
  sign('sign-16bit.png', read, draw('-define png:bit-depth=16 -depth 16', 'sign-16bit.png')),
  sign('sign-alpha.png', read, draw('-transparent white', 'sign-alpha.png')),
  sign('sign-interlaced.png', read, draw('-interlace PNG', 'sign-interlaced.png')),
  sign('pages.tiff', readAll, tools => tools.convert('card0.png card1.png card2.png pages.tiff')),
  sign('frames.gif', readAll, tools => tools.convert('-delay 50 card0.png card1.png card2.png frames.gif')),
  sign('frames.webp', readAll, tools => tools.convert('-delay 50 card0.png card1.png card2.png frames.webp')),
  sign('sign.heic', refused(/image\/heic cannot be read/u), draw('', 'sign.heic')),
  sign('sign.jxl', refused(/image\/jxl cannot be read/u), tools =>
    tools.ffmpeg('-i sign.png -frames:v 1 -c:v libjxl sign.jxl'),
  ),
  sign('sign.jp2', refused(/image\/jp2 cannot be read/u), draw('', 'sign.jp2')),
  sign('sign.bmp', refused(/image\/bmp cannot be read/u), draw('', 'sign.bmp')),
  sign('sign.ico', refused(/image\/x-icon cannot be read/u), draw('-resize 64x64', 'sign.ico')),
  sign('sign.psd', refused(/photoshop cannot be read/u), draw('', 'sign.psd')),
  sign(
    'sign.svg',
    refused(/image\/svg\+xml cannot be read/u),
    bytes('sign.svg', () => '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname"/></svg>'),
  ),
  sign('sign.qoi', refused(/image\/qoi cannot be read/u), tools =>
    tools.ffmpeg('-i sign.png -frames:v 1 -pix_fmt rgb24 sign.qoi'),
  ),
  sign('sign.ppm', refused(/portable-anymap cannot be read/u), draw('', 'sign.ppm')),
  sign('dot.gif', /^$/u, tools => tools.convert('-size 1x1 xc:white dot.gif')),
  sign('dot.png', /^$/u, tools => tools.convert('-size 1x1 xc:white dot.png')),
  sign(
    'no-frame.gif',
    refused(/cannot be read|cut short|damaged/u),
    bytes('no-frame.gif', () => Buffer.from('GIF89a\x10\0\x10\0\x80\0\0\0\0\0\xff\xff\xff;', 'latin1')),
  ),
  sign('hundred-megapixels.png', refused(/100\.0 megapixels, at most 40/u), tools =>
    tools.ffmpeg('-f lavfi -i color=white:s=10000x10000 -frames:v 1 -pix_fmt monob hundred-megapixels.png'),
  ),
  sign('says-gigapixels.png', refused(/megapixels, at most 40/u), tools =>
    tools.write('says-gigapixels.png', gigapixels(tools.read('sign.png'))),
  ),
]

/** Its head says 60,000 by 60,000, with a sound checksum. */
function gigapixels(png) {
  const large = Buffer.from(png)
  large.writeUInt32BE(60_000, 16)
  large.writeUInt32BE(60_000, 20)
  large.writeUInt32BE(crc32(large.subarray(12, 29)), 29)
  return large
}

/** @source ISO/IEC 15948, annex D */
function crc32(data) {
  let crc = 0xff_ff_ff_ff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xed_b8_83_20 : 0)
  }
  return (crc ^ 0xff_ff_ff_ff) >>> 0
}

/** The pixels lie on their side, and Exif says so. */
function turned(tools) {
  tools.convert('sign.png -rotate 270 side.jpg')
  const jpeg = tools.read('side.jpg')
  const exif = Buffer.from(
    '\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0',
    'latin1',
  )
  tools.write('sign-turned.jpg', Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)]))
}

const lines = ['Invoice 4711', 'Total due 98.50 EUR']
const papers = [
  paper(
    'invoice.pdf',
    /4711[\s\S]*98\.50/u,
    bytes('invoice.pdf', () => pages(lines)),
  ),
  paper('invoice.pdf', /^invoice$/u, undefined, 'classify'),
  paper(
    'half-scanned.pdf',
    /^invoice$/u,
    bytes('half-scanned.pdf', tools => pages([...lines, tools.read('sign.jpg')])),
    'classify',
  ),
  paper('scan.pdf', read, tools => {
    tools.convert('sign.png -type TrueColor -quality 90 rgb.jpg')
    tools.write('scan.pdf', pages([tools.read('rgb.jpg')]))
  }),
  paper('scan.pdf', refused(/no page of the document has a text layer/u), undefined, 'classify'),
  paper('scan-mismatched.pdf', refused(/page 1 .*cannot be drawn|picture .*not/iu), tools => {
    tools.convert('sign.png -colorspace Gray -quality 90 grey.jpg')
    tools.write('scan-mismatched.pdf', pages([tools.read('grey.jpg')], { colours: 'DeviceRGB' }))
  }),
  paper(
    'long.pdf',
    refused(/40 pages, at most 32/u),
    bytes('long.pdf', () => pages(Array.from({ length: 40 }, (_, at) => `Page ${at}`))),
  ),
  paper(
    '5000-pages.pdf',
    refused(/5000 pages, at most 500/u),
    bytes('5000-pages.pdf', () => pages(Array.from({ length: 5000 }, (_, at) => `Page ${at}`))),
    'classify',
  ),
  paper(
    'encrypted.pdf',
    refused(/encrypted/u),
    bytes('encrypted.pdf', () => pages(lines, { trailer: encryption })),
  ),
  paper(
    'no-page.pdf',
    refused(/no page|damaged/u),
    bytes('no-page.pdf', () => pages([])),
  ),
  paper(
    'says-more-pages.pdf',
    refused(/damaged/u),
    bytes('says-more-pages.pdf', () => pages(lines, { count: 20 })),
  ),
  paper(
    'endless-tree.pdf',
    refused(/damaged|no page/u),
    bytes('endless-tree.pdf', () =>
      pdf(['<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2/Parent 2 0 R>>']),
    ),
  ),
  paper(
    'huge-box.pdf',
    /4711/u,
    bytes('huge-box.pdf', () => pages(lines.slice(0, 1), { box: '0 0 1440 810' })),
  ),
  paper(
    'no-size.pdf',
    refused(/damaged/u),
    bytes('no-size.pdf', () => pages(lines, { box: '0 0 0 0' })),
  ),
]

const encryption =
  '/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]/Encrypt<</Filter/Standard/V 1/R 2/P -60' +
  `/O<${'41'.repeat(32)}>/U<${'42'.repeat(32)}>>>`

const h264 = '-c:v libx264 -preset veryfast -pix_fmt yuv420p -c:a aac -ar 44100'
const films = [
  film('cards.mp4', readAll, encode(h264, 'cards.mp4')),
  film('cards.mp4', heard, undefined, 'transcribe'),
  film('cards-index-first.mp4', readAll, encode(`${h264} -movflags faststart`, 'cards-index-first.mp4')),
  film('cards-fragments.mp4', readAll, encode(`${h264} -movflags frag_keyframe+empty_moov`, 'cards-fragments.mp4')),
  film('cards-fragments.mp4', heard, undefined, 'transcribe'),
  film('cards.mov', readAll, encode(h264, 'cards.mov')),
  film('cards.webm', readAll, encode('-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus', 'cards.webm')),
  film('cards.webm', heard, undefined, 'transcribe'),
  film('cards-vp8.webm', readAll, encode('-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus', 'cards-vp8.webm')),
  film('cards-av1.mp4', readAll, mute('-c:v libsvtav1 -preset 10 -pix_fmt yuv420p', 'cards-av1.mp4')),
  film(
    'cards-hevc.mp4',
    readAll,
    mute('-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1', 'cards-hevc.mp4'),
  ),
  film('cards-10bit.mkv', readAll, mute('-c:v libx264 -preset veryfast -pix_fmt yuv420p10le', 'cards-10bit.mkv')),
  film('cards.mkv', readAll, encode('-c:v libx264 -preset veryfast -pix_fmt yuv420p -c:a libopus', 'cards.mkv')),
  film('cards.mkv', heard, undefined, 'transcribe'),
  film('cards-no-length.mkv', readAll, tools =>
    tools.run('sh', '-c', 'ffmpeg -loglevel error -i cards.mkv -c copy -f matroska - >cards-no-length.mkv'),
  ),
  film('cards-turned.mp4', readAll, tools => turnedFilm(tools)),
  film(
    'cards-uneven.mp4',
    readAll,
    mute(
      "-vf select='not(mod(n\\,7))+lt(n\\,30)' -vsync vfr -c:v libx264 -preset veryfast -pix_fmt yuv420p",
      'cards-uneven.mp4',
    ),
  ),
  film(
    'cards-odd-size.webm',
    readAll,
    mute('-vf scale=641:361 -c:v libvpx-vp9 -deadline realtime -cpu-used 8', 'cards-odd-size.webm'),
  ),
  film(
    'cards-wide-pixels.mp4',
    readAll,
    mute('-vf scale=320:360,setsar=2 -c:v libx264 -preset veryfast -pix_fmt yuv420p', 'cards-wide-pixels.mp4'),
  ),
  film('one-frame.mp4', /platform/iu, mute('-frames:v 1 -c:v libx264 -pix_fmt yuv420p', 'one-frame.mp4')),
  film(
    'mute.mp4',
    refused(/no sound track/u),
    mute('-an -c:v libx264 -preset veryfast -pix_fmt yuv420p', 'mute.mp4'),
    'transcribe',
  ),
  film('sound-alone.mp4', refused(/no video track|no picture track/u), tools =>
    tools.ffmpeg('-i track.wav -c:a aac -ar 44100 sound-alone.mp4'),
  ),
  film('sound-alone.webm', refused(/no video track|no picture track/u), tools =>
    tools.ffmpeg('-i track.wav -c:a libopus sound-alone.webm'),
  ),
  film('cards-mpeg4.mp4', refused(/codec is not read/u), mute('-c:v mpeg4', 'cards-mpeg4.mp4')),
  film('cards-prores.mov', refused(/codec is not read/u), mute('-c:v prores -t 1', 'cards-prores.mov')),
  film('cards.avi', refused(/x-msvideo cannot be read/u), mute('-c:v mpeg4', 'cards.avi')),
  film('cards.flv', refused(/x-flv cannot be read/u), mute('-c:v flv1', 'cards.flv')),
  film('cards.mpg', refused(/video\/mpeg cannot be read/u), mute('-c:v mpeg1video', 'cards.mpg')),
  film('cards.ts', refused(/mp2t cannot be read/u), mute('-c:v libx264 -preset veryfast', 'cards.ts')),
  film('cards.wmv', refused(/ms-asf cannot be read/u), mute('-c:v wmv2', 'cards.wmv')),
  film(
    'cards.ogv',
    refused(/expected video, found audio\/ogg|ogg cannot be read/u),
    mute('-c:v libtheora', 'cards.ogv'),
  ),
]

function turnedFilm(tools) {
  tools.ffmpeg('-i cards-source.mkv -vf transpose=1 -c:v libx264 -preset veryfast -pix_fmt yuv420p side.mp4')
  tools.ffmpeg('-i side.mp4 -c copy -metadata:s:v rotate=90 cards-turned.mp4')
}

/** Ten hours of silence in 1 MB: one packet, again and again. */
const tenHours =
  'ffmpeg -loglevel error -f lavfi -i anullsrc=r=48000:cl=mono -t 36000 -c:a libopus -b:a 6k -frame_duration 60 -y ten-hours.opus'

const hostile = [
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

/** All of them, in the order in which they are made. */
export const cases = [...sounds, ...pictures, ...papers, ...films, ...hostile]
