import { createDecodingProcesses, type DecodingProcesses } from '../process/decoding-processes.ts'
import type { Sight, SightOrder } from './see.ts'

/** Draws documents and picks frames of videos, each in a process of its own. */
export type SightDecoder = DecodingProcesses<SightOrder, Sight>

/** How much a decoder may use. */
export interface SightDecoderOptions {
  /** A medium that takes longer is refused. */
  readonly timeoutMs: number
  /** Processes at once; others wait for their turn. */
  readonly processes: number
}

/** Makes one. */
export function createSightDecoder(options: SightDecoderOptions): SightDecoder {
  return createDecodingProcesses<SightOrder, Sight>({
    ...options,
    moduleUrl: import.meta.url,
    entry: 'sight-process',
    what: 'medium',
    fresh: true,
  })
}
