import { expect, test } from 'vitest'
import { openPcm } from '#services/media/audio/open-pcm'

const half = 0.5
/** A half and minus a half, in two channels. */
const forms: readonly [string, readonly number[]][] = [
  ['pcm-s8', [0x40, 0xc0]],
  ['pcm-u8', [0xc0, 0x40]],
  ['pcm-s16', [0x00, 0x40, 0x00, 0xc0]],
  ['pcm-s16be', [0x40, 0x00, 0xc0, 0x00]],
  ['pcm-s24', [0x00, 0x00, 0x40, 0x00, 0x00, 0xc0]],
  ['pcm-s24be', [0x40, 0x00, 0x00, 0xc0, 0x00, 0x00]],
  ['pcm-s32be', [0x40, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x00]],
  ['pcm-f32', [0x00, 0x00, 0x00, 0x3f, 0x00, 0x00, 0x00, 0xbf]],
  ['pcm-f32be', [0x3f, 0x00, 0x00, 0x00, 0xbf, 0x00, 0x00, 0x00]],
  ['pcm-f64be', [0x3f, 0xe0, 0, 0, 0, 0, 0, 0, 0xbf, 0xe0, 0, 0, 0, 0, 0, 0]],
]

test.each(forms)('openPcm() reads %s', async (name, bytes) => {
  const codec = openPcm(name, { channels: 2, sampleRateHz: 8000 })
  const packets = [Uint8Array.from([...bytes, ...bytes]), Uint8Array.from(bytes)]
  const block = await codec?.decode(packets)
  expect(block?.sampleRateHz).toBe(8000)
  expect(block?.channels.map(channel => [...channel])).toEqual([
    [half, half, half],
    [-half, -half, -half],
  ])
})

test('openPcm() leaves other codecs, and tracks without channels, to others', () => {
  expect(openPcm('aac', { channels: 2, sampleRateHz: 8000 })).toBeUndefined()
  expect(openPcm('pcm-s16', { channels: 0, sampleRateHz: 8000 })).toBeUndefined()
})
