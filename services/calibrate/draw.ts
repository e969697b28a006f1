import { createHash } from 'node:crypto'

/** A number in [0, 2³²) from a row's id, a purpose and the seed alone: independent of the other rows. */
export function drawOf(id: string, purpose: string, seed: number): number {
  return createHash('sha256').update(`${seed}\0${purpose}\0${id}`).digest().readUInt32LE(0)
}
