/**
 * Weights of speakers in one channel, by their bit in the mask: front left and right, centre, low frequencies, back
 * left and right, …
 */
const front = Math.SQRT1_2
const surround = 0.5
const speakerWeights: readonly number[] = [
  front,
  front,
  1,
  // Low frequencies hold no speech.
  0,
  surround,
  surround,
  front,
  front,
  surround,
  surround,
  surround,
]
/** Speakers above the head. */
const topWeight = surround * Math.SQRT1_2

/**
 * Speakers of files that do not name them, by the number of channels.
 * @source Microsoft, default layouts of WAVEFORMATEX
 */
const defaultMasks: Readonly<Record<number, number>> = {
  1: 0x4,
  2: 0x3,
  3: 0x7,
  4: 0x33,
  5: 0x37,
  6: 0x3f,
  7: 0x70f,
  8: 0x63f,
}

/**
 * What each channel adds to one of all, in parts of 1: the centre most, the sides less, low frequencies nothing.
 * Channels that no layout names count alike.
 * @source ITU-R BS.775-4, annex 4, downmix to one channel
 */
export function channelWeights(channels: number, mask: number): readonly number[] {
  const named = speakersOf(mask)
  const speakers = named.length >= channels ? named : speakersOf(defaultMasks[channels] ?? 0)
  const weights = Array.from({ length: channels }, (_, channel) => {
    const speaker = speakers[channel]
    return speaker === undefined ? 0 : (speakerWeights[speaker] ?? topWeight)
  })
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map(weight => (sum > 0 ? weight / sum : 1 / channels))
}

function speakersOf(mask: number): readonly number[] {
  return Array.from({ length: 32 }, (_, bit) => bit).filter(bit => ((mask >>> bit) & 1) === 1)
}
