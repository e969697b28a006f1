import type { Pack } from '#services/packs/pack-lock'

/** Fetches a pack's files into a folder; the layout there is the pack's. */
export type PackSource = (name: string, pack: Pack, folder: string, onBytes: (bytes: number) => void) => Promise<void>
