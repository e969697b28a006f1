import type { Comparison } from './comparison.ts'

/** A policy folder: its files by name. */
export type PolicyFiles = ReadonlyMap<string, Uint8Array>

/** Which policies of a ladder have a role, as operators set it. */
export interface PolicyRoles {
  /** Decides, as long as the configured policy is `over`: a newer configuration is a newer word. */
  readonly active?: { readonly version: string; readonly over: string }
  /** Decides, and its decisions are compared but not followed. */
  readonly shadow?: string
}

/** A version that is kept. */
export interface KeptVersion {
  readonly version: string
  readonly loadedAt: number
}

/** Policy folders where every router finds them, and which of them have a role. */
export interface PolicyStore {
  /** Keeps a folder; the oldest without a role are let go of when there are too many. */
  put(ladder: string, version: string, files: PolicyFiles): Promise<void>
  get(ladder: string, version: string): Promise<PolicyFiles | undefined>
  versions(ladder: string): Promise<readonly KeptVersion[]>
  roles(ladder: string): Promise<PolicyRoles>
  setActive(ladder: string, active: PolicyRoles['active']): Promise<void>
  setShadow(ladder: string, shadow: string | undefined): Promise<void>
  /** Adds to what is known of two policies side by side. */
  addComparison(ladder: string, pair: PolicyPair, more: Comparison): Promise<void>
  comparison(ladder: string, pair: PolicyPair): Promise<Comparison>
}

/** Two policies side by side. */
export interface PolicyPair {
  readonly active: string
  readonly shadow: string
}
