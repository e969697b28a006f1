import { readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { createAudioDecoder } from '#services/media/audio/audio-decoder'
import { decodeWav } from '#services/media/decode-wav'

const folder = join(packageRoot(), 'test', 'fixtures', 'audio')
const read = (name: string): Buffer => readFileSync(join(folder, name))
const typeOf = (name: string): string =>
  ({ mp3: 'mpeg', m4a: 'mp4', mov: 'mp4', mka: 'webm' })[name.split('.')[1]!] ?? name.split('.')[1]!
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0
const decoder = createAudioDecoder({ limitSeconds: 60, timeoutMs: 20_000, processes: 2 })
const never = new AbortController().signal
const decode = (bytes: Uint8Array, name: string) => decoder.decode(bytes, `audio/${typeOf(name)}`, never)

const wasm = [
  'ferry.mp3',
  'ferry.flac',
  'ferry-opus.ogg',
  'ferry-vorbis.ogg',
  'ferry.webm',
  'ferry.mka',
  'film.webm',
].concat(['ferry-mp3.mp4', 'ferry-opposite.mp3'])
const aac = ['ferry.m4a', 'ferry.mov', 'ferry.aac']

/** How alike two sounds are, at the shift of at most 0.1 s where they are most: 1 is the same. */
function likeness(one: Float32Array, other: Float32Array): number {
  const energy = (samples: Float32Array): number => samples.reduce((sum, sample) => sum + sample * sample, 0)
  const scale = Math.sqrt(energy(one) * energy(other))
  const at = (shift: number): number => {
    let sum = 0
    for (let index = 2000; index < one.length - 2000; index++) sum += one[index]! * (other[index + shift] ?? 0)
    return sum / scale
  }
  return Math.max(...Array.from({ length: 3200 }, (_, index) => at(index - 1600)))
}

describe('a recording', () => {
  const whole = decodeWav(read('ferry.wav'), 60).samples

  it.each(wasm)('%s is decoded into what was said', async name => {
    const { wav, durationMs } = await decode(read(name), name)
    const { samples, sampleRate } = decodeWav(wav, 60)
    expect(sampleRate).toBe(16_000)
    expect(durationMs / ((whole.length / 16_000) * 1000)).toBeCloseTo(1, 1)
    expect(likeness(whole, samples)).toBeGreaterThan(0.85)
  })

  it.skipIf(!hasFfmpeg).each(aac)(
    '%s is decoded by the ffmpeg of this machine (skipped where there is none)',
    async name => {
      const { wav } = await decode(read(name), name)
      expect(likeness(whole, decodeWav(wav, 60).samples)).toBeGreaterThan(0.85)
    },
  )

  it.each([...wasm, 'ferry.m4a'].filter(name => name !== 'film.webm'))(
    '%s that is cut short is refused',
    async name => {
      const bytes = read(name)
      await expect(decode(bytes.subarray(0, Math.floor(bytes.length * 0.6)), name)).rejects.toThrow(
        /damaged or cut short|no sound track/u,
      )
    },
  )

  it.each(['ferry-opus.ogg', 'ferry-vorbis.ogg'])('%s twice in one file is read to its end', async name => {
    const [once, twice] = await Promise.all(
      [[read(name)], [read(name), read(name)]].map(links => decode(Buffer.concat(links), name)),
    )
    expect(twice!.durationMs).toBeCloseTo(2 * once!.durationMs, -2)
    const { samples } = decodeWav(twice!.wav, 60)
    expect(likeness(whole, samples.subarray(samples.length / 2))).toBeGreaterThan(0.85)
    const cut = Buffer.concat([read(name), read(name).subarray(0, 6000)])
    await expect(decode(cut, name)).rejects.toThrow(/damaged or cut short|no sound track/u)
  })

  it.each([
    ['silent-film.webm', /no sound track/u],
    ['ferry-ac3.mp4', /codec is not read: ac3/u],
  ])('%s is refused by what it lacks', async (name, why) => {
    await expect(decode(read(name), name)).rejects.toThrow(why)
  })

  it('of noise in the place of packets costs its request alone', async () => {
    const noise = Buffer.from(read('ferry.mp3'))
    for (let at = 600; at < noise.length; at += 3) noise[at] = (at * 73) & 0xff
    await decode(noise, 'ferry.mp3').catch(() => {})
    expect((await decode(read('ferry.mp3'), 'ferry.mp3')).durationMs).toBeGreaterThan(2000)
  })

  it('longer than the limit is refused, whatever its head says', async () => {
    const short = createAudioDecoder({ limitSeconds: 1, timeoutMs: 20_000, processes: 1 })
    await expect(short.decode(read('ferry.flac'), 'audio/flac', never)).rejects.toThrow(/at most 1 s/u)
    await expect(short.decode(read('ferry-opus.ogg'), 'audio/ogg', never)).rejects.toThrow(/at most 1 s are taken/u)
  })

  it('that takes too long, or that nobody waits for any more, ends its process; the next one is decoded', async () => {
    const hasty = createAudioDecoder({ limitSeconds: 60, timeoutMs: 1, processes: 1 })
    await expect(hasty.decode(read('ferry.mp3'), 'audio/mpeg', never)).rejects.toThrow(/too long to decode/u)
    const leaving = new AbortController()
    const left = decoder.decode(read('ferry.mp3'), 'audio/mpeg', leaving.signal)
    leaving.abort(new Error('the caller left'))
    await expect(left).rejects.toThrow('the caller left')
    expect((await decode(read('ferry.mp3'), 'ferry.mp3')).channels).toBe(2)
  })

  it('waits for its turn, and may leave while it waits', async () => {
    const one = createAudioDecoder({ limitSeconds: 60, timeoutMs: 20_000, processes: 1 })
    const leaving = new AbortController()
    const all = [never, leaving.signal, never].map(signal => one.decode(read('ferry.flac'), 'audio/flac', signal))
    leaving.abort(new Error('the caller left'))
    const ends = await Promise.allSettled(all)
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})
