import { spoken, readAll, refused, film, encode, mute } from './case.mjs'

const h264 = '-c:v libx264 -preset veryfast -pix_fmt yuv420p -c:a aac -ar 44100'
/** Videos. */
export const films = [
  film('cards.mp4', readAll, encode(h264, 'cards.mp4')),
  film('cards.mp4', spoken, undefined, 'transcribe'),
  film('cards-index-first.mp4', readAll, encode(`${h264} -movflags faststart`, 'cards-index-first.mp4')),
  film('cards-fragments.mp4', readAll, encode(`${h264} -movflags frag_keyframe+empty_moov`, 'cards-fragments.mp4')),
  film('cards-fragments.mp4', spoken, undefined, 'transcribe'),
  film('cards.mov', readAll, encode(h264, 'cards.mov')),
  film('cards.webm', readAll, encode('-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus', 'cards.webm')),
  film('cards.webm', spoken, undefined, 'transcribe'),
  film('cards-vp8.webm', readAll, encode('-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus', 'cards-vp8.webm')),
  film('cards-av1.mp4', readAll, mute('-c:v libsvtav1 -preset 10 -pix_fmt yuv420p', 'cards-av1.mp4')),
  film(
    'cards-hevc.mp4',
    readAll,
    mute('-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1', 'cards-hevc.mp4'),
  ),
  film('cards-10bit.mkv', readAll, mute('-c:v libx264 -preset veryfast -pix_fmt yuv420p10le', 'cards-10bit.mkv')),
  film('cards.mkv', readAll, encode('-c:v libx264 -preset veryfast -pix_fmt yuv420p -c:a libopus', 'cards.mkv')),
  film('cards.mkv', spoken, undefined, 'transcribe'),
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
  film('cards-prores.mov', /platform/iu, mute('-c:v prores -t 1', 'cards-prores.mov')),
  film('cards.avi', refused(/x-msvideo cannot be read/u), mute('-c:v mpeg4', 'cards.avi')),
  film('cards.flv', refused(/x-flv cannot be read/u), mute('-c:v flv1', 'cards.flv')),
  film('cards.mpg', refused(/video\/mpeg cannot be read/u), mute('-c:v mpeg1video', 'cards.mpg')),
  film('cards.ts', refused(/mp2t cannot be read/u), mute('-c:v libx264 -preset veryfast', 'cards.ts')),
  film('cards.wmv', refused(/ms-asf cannot be read/u), mute('-c:v wmv2', 'cards.wmv')),
  film('cards.ogv', refused(/video\/ogg cannot be read/u), mute('-c:v libtheora', 'cards.ogv')),
]

function turnedFilm(tools) {
  tools.ffmpeg('-i cards-source.mkv -vf transpose=1 -c:v libx264 -preset veryfast -pix_fmt yuv420p side.mp4')
  tools.ffmpeg('-i side.mp4 -c copy -metadata:s:v rotate=90 cards-turned.mp4')
}
