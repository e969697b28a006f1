import type { Cluster } from 'ioredis'

const slotCount = 16_384
/** A hash tag of each slot, as far as they were wanted. */
const known = new Map<number, string>()

/** Hash tags of which each lies on another master of a cluster, so that together they reach all of them. */
export function tagsOfMasters({ slots }: Pick<Cluster, 'slots'>): readonly string[] {
  const firstSlots = new Map<string, number>()
  for (let slot = 0; slot < slotCount; slot += 1) {
    const master = slots[slot]?.[0]
    if (master !== undefined && !firstSlots.has(master)) firstSlots.set(master, slot)
  }
  return [...firstSlots.values()].map(tagOf)
}

function tagOf(slot: number): string {
  for (let number = 0; ; number += 1) {
    const found = known.get(slot)
    if (found !== undefined) return found
    const tag = `probe-${number}`
    const its = slotOf(tag)
    if (!known.has(its)) known.set(its, tag)
  }
}

/** Slot of a hash tag: CRC-16/XMODEM of its bytes. @source Redis Cluster specification, "Key distribution model" */
export function slotOf(tag: string): number {
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  }
  return (crc & 0xffff) % slotCount
}
