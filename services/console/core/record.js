// Sound from the microphone as a WAV file of 16 kHz, which every gateway can read.

const sampleRate = 16_000
const longestSeconds = 60
/** A recorder that is stopped before its first samples came gives a file that holds none. */
const leastMs = 400

/** Begins to record; `stop` gives the file. @throws when the browser or the user says no */
export async function record() {
  const source = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } })
  const recorder = new MediaRecorder(source)
  const pieces = []
  recorder.addEventListener('dataavailable', event => pieces.push(event.data))
  const ended = new Promise(resolve => recorder.addEventListener('stop', resolve, { once: true }))
  const timer = setTimeout(() => recorder.state === 'recording' && recorder.stop(), longestSeconds * 1000)
  const started = new Promise(resolve => recorder.addEventListener('start', resolve, { once: true }))
  recorder.start()
  await started
  const least = new Promise(resolve => setTimeout(resolve, leastMs))
  return {
    async stop() {
      clearTimeout(timer)
      await least
      if (recorder.state !== 'inactive') recorder.stop()
      await ended
      for (const track of source.getTracks()) track.stop()
      return toWav(await new Blob(pieces, { type: recorder.mimeType }).arrayBuffer())
    },
  }
}

async function toWav(bytes) {
  const context = new OfflineAudioContext(1, 1, sampleRate)
  const decoded = await context.decodeAudioData(bytes)
  const samples = decoded.getChannelData(0)
  const file = new DataView(new ArrayBuffer(44 + samples.length * 2))
  const words = [
    [0, 'RIFF'],
    [8, 'WAVE'],
    [12, 'fmt '],
    [36, 'data'],
  ]
  for (const [at, word] of words)
    for (let index = 0; index < 4; index += 1) file.setUint8(at + index, word.charCodeAt(index))
  file.setUint32(4, 36 + samples.length * 2, true)
  file.setUint32(16, 16, true)
  file.setUint16(20, 1, true)
  file.setUint16(22, 1, true)
  file.setUint32(24, sampleRate, true)
  file.setUint32(28, sampleRate * 2, true)
  file.setUint16(32, 2, true)
  file.setUint16(34, 16, true)
  file.setUint32(40, samples.length * 2, true)
  for (const [index, sample] of samples.entries()) {
    file.setInt16(44 + index * 2, Math.max(-1, Math.min(1, sample)) * 32_767, true)
  }
  return new Blob([file], { type: 'audio/wav' })
}

/** A file as base64. */
export async function base64Of(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer())
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(text)
}
