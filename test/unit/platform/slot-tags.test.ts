import { describe, expect, it } from 'vitest'
import { slotOf, tagsOfMasters } from '#services/platform/redis/cluster/slot-tags'

/** Masters that have so many slots each, one after the other. */
function slotsOf(sizes: readonly number[]): string[][] {
  return sizes.flatMap((size, index) => Array.from({ length: size }, () => [`m${index}`, `replica${index}`]))
}

describe('slotOf()', () => {
  // CLUSTER KEYSLOT of Redis 7.0.
  it.each([
    ['123456789', 12739],
    ['foo', 12182],
    ['money', 11921],
    ['', 0],
  ])('of %j is %i', (tag, slot) => {
    expect(slotOf(tag)).toBe(slot)
  })
})

describe('tagsOfMasters()', () => {
  it.each([
    ['one master', [16384]],
    ['three alike', [5461, 5462, 5461]],
    ['some with a slot or two', [1, 8000, 2, 8381]],
  ])('reaches every master: %s', (_name, sizes) => {
    const slots = slotsOf(sizes)
    const tags = tagsOfMasters({ slots })
    expect(tags.map(tag => slots[slotOf(tag)]?.[0])).toEqual(sizes.map((_size, index) => `m${index}`))
  })

  it('is none before the slots are known, and leaves out those that nobody has', () => {
    expect(tagsOfMasters({ slots: [] })).toEqual([])
    const slots = slotsOf([5461, 5462, 5461])
    expect(tagsOfMasters({ slots: slots.slice(5461) })).toHaveLength(2)
  })
})
