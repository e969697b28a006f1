#!/usr/bin/env bash
# mediabunny 1.61.0 and a chained Ogg file: two recordings of Opus, of two seconds each, one behind the other. That is how radio streams and recorders that
# were stopped and started again leave them, and what RFC 3533 (section 4) calls chaining; the file here is made by soundfile 0.14.0 and `cat`.
#
# One would guess: four seconds of sound, or two tracks, or an error that says that the file is chained.
# Seen: one track of two seconds; `computeDuration()` of the file and of the track are 2, and the packets end there, as if the file did. Nothing tells a
# transcriber that half of what was said is missing. The bytes of two MP3 files one behind the other are read to their end.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install -q soundfile==0.14.0 numpy
environment/bin/python - <<'PY'
import numpy, soundfile
wave = 0.3 * numpy.sin(2 * numpy.pi * 440 * numpy.arange(2 * 48000) / 48000)
soundfile.write('one.ogg', wave, 48000, format='OGG', subtype='OPUS')
soundfile.write('one.mp3', wave, 48000, format='MP3')
PY
cat one.ogg one.ogg > two.ogg
cat one.mp3 one.mp3 > two.mp3
npm init -y >/dev/null
npm install --no-audit --no-fund mediabunny@1.61.0 >/dev/null 2>&1
cat > play.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny'

async function read(name) {
  const input = new Input({ source: new BufferSource(readFileSync(name)), formats: ALL_FORMATS })
  const tracks = await input.getAudioTracks()
  let end = 0
  for await (const { timestamp, duration } of new EncodedPacketSink(tracks[0]).packets()) end = timestamp + duration
  const seen = { tracks: tracks.length, seconds: Math.round(await input.computeDuration()), packetsEnd: Math.round(end) }
  console.log(name, seen)
  return JSON.stringify(seen)
}
const one = await read('one.ogg')
const two = await read('two.ogg')
const mp3 = await read('two.mp3')
process.exit(one === two && JSON.parse(two).seconds === 2 && JSON.parse(mp3).packetsEnd === 4 ? 0 : 1)
JS
node play.mjs
