import type { Pack } from './pack-lock.ts'

/** Fetches a pack's files into a folder; the layout there is the pack's. */
export type PackSource = (name: string, pack: Pack, folder: string, onBytes: (bytes: number) => void) => Promise<void>
