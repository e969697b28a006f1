import { spoken, refused, speech, sound, bytes } from './case.mjs'

/** Recordings. */
export const sounds = [
  speech('speech.wav', spoken),
  speech('speech-24bit.wav', spoken, sound('-c:a pcm_s24le', 'speech-24bit.wav')),
  speech('speech-float.wav', spoken, sound('-c:a pcm_f32le', 'speech-float.wav')),
  speech('speech-ulaw.wav', spoken, sound('-c:a pcm_mulaw', 'speech-ulaw.wav')),
  speech('speech-alaw.wav', spoken, sound('-c:a pcm_alaw', 'speech-alaw.wav')),
  speech('speech-surround.wav', spoken, sound('-ac 6 -c:a pcm_s16le', 'speech-surround.wav')),
  speech('speech-rf64.wav', spoken, sound('-rf64 always', 'speech-rf64.wav')),
  speech('speech-piped.wav', spoken, tools =>
    tools.run('sh', '-c', 'ffmpeg -loglevel error -i speech.wav -f wav - >speech-piped.wav'),
  ),
  speech('speech.mp3', spoken, tools => tools.run('lame', '--quiet', '-b', '64', 'speech.wav', 'speech.mp3')),
  speech('speech-cover.mp3', spoken, tools =>
    tools.run('lame', '--quiet', '--ti', 'card0.png', '--tt', 'Train', 'speech.wav', 'speech-cover.mp3'),
  ),
  speech('speech.flac', spoken, sound('-c:a flac', 'speech.flac')),
  speech('speech.ogg', spoken, sound('-c:a libvorbis', 'speech.ogg')),
  speech('speech.opus', spoken, sound('-c:a libopus', 'speech.opus')),
  speech('speech.oga', refused(/codecs=flac cannot be read/u), sound('-c:a flac -f ogg', 'speech.oga')),
  speech('speech.webm', spoken, sound('-c:a libopus', 'speech.webm')),
  speech('speech.mka', spoken, sound('-c:a libopus', 'speech.mka')),
  speech('speech.m4a', spoken, sound('-c:a aac -ar 44100', 'speech.m4a')),
  speech('speech.aac', spoken, sound('-c:a aac -ar 44100', 'speech.aac')),
  speech('speech.mov', spoken, sound('-c:a pcm_s16le', 'speech.mov')),
  speech('speech-mp3.mp4', spoken, sound('-c:a libmp3lame', 'speech-mp3.mp4')),
  speech('speech-ac3.mp4', refused(/codec is not read: ac3/u), sound('-c:a ac3 -ar 48000', 'speech-ac3.mp4')),
  speech('speech-alac.m4a', refused(/codec is not read/u), sound('-c:a alac', 'speech-alac.m4a')),
  speech('speech-vorbis.webm', refused(/codec|Vorbis/u), sound('-c:a libvorbis', 'speech-vorbis.webm')),
  speech('speech-adpcm.wav', refused(/ADPCM|format|coded|codec/iu), sound('-c:a adpcm_ms', 'speech-adpcm.wav')),
  speech('speech-mp2.mp2', refused(/audio\/\S+ cannot be read/u), sound('-c:a mp2', 'speech-mp2.mp2')),
  speech('speech.aiff', refused(/audio\/aiff cannot be read/u), sound('', 'speech.aiff')),
  speech('speech.caf', refused(/audio\/x-caf cannot be read/u), sound('', 'speech.caf')),
  speech('speech.au', refused(/audio\/basic cannot be read/u), sound('', 'speech.au')),
  speech('speech.wma', refused(/ms-asf cannot be read/u), sound('-c:a wmav2', 'speech.wma')),
  speech('speech.spx', refused(/audio\/speex cannot be read/u), tools => tools.write('speech.spx', speexHead())),
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
