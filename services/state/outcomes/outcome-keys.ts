/** Names every Redis key of this room. */
export interface OutcomeKeys {
  /** Records of one tenant under one policy version, a stream. */
  stream(name: StreamName): string
  /** The streams of a ladder by when they were last written to. */
  index(ladder: string): string
  /** A stream as the index names it, and back. */
  memberOf(name: StreamName): string
  nameOf(ladder: string, member: string): StreamName
}

/** What a stream holds the records of. */
export interface StreamName {
  readonly ladder: string
  readonly policyVersion: string
  readonly tenant: string
}

/** Builds the names; what belongs to a ladder is in one slot. */
export function createOutcomeKeys(prefix: string): OutcomeKeys {
  return {
    stream: name => `${prefix}:{outcomes:${name.ladder}}:${memberOf(name)}`,
    index: ladder => `${prefix}:{outcomes:${ladder}}:streams`,
    memberOf,
    nameOf(ladder, member) {
      const [policyVersion = '', tenant = ''] = member.split(':').map(decodeURIComponent)
      return { ladder, policyVersion, tenant }
    },
  }
}

function memberOf({ policyVersion, tenant }: StreamName): string {
  return `${encodeURIComponent(policyVersion)}:${encodeURIComponent(tenant)}`
}
