/** Names every Redis key of this room. */
export interface PolicyKeys {
  /** Folders by version, a hash. */
  folders(ladder: string): string
  /** Versions by when they were put there. */
  loaded(ladder: string): string
  /** Which version is active over which configured one, and which is in shadow. */
  roles(ladder: string): string
  /** What came of two policies deciding on the same requests. */
  compared(ladder: string, active: string, shadow: string): string
}

/** Builds the names; what belongs to a ladder is in one slot. */
export function createPolicyKeys(prefix: string): PolicyKeys {
  const tag = (ladder: string): string => `${prefix}:{policies:${ladder}}`
  return {
    folders: ladder => `${tag(ladder)}:folders`,
    loaded: ladder => `${tag(ladder)}:loaded`,
    roles: ladder => `${tag(ladder)}:roles`,
    compared: (ladder, active, shadow) => `${tag(ladder)}:compared:${active}:${shadow}`,
  }
}
