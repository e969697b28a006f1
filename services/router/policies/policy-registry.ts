import type { Logger } from 'pino'
import { GatewayError } from '#services/contract/errors'
import { openPolicyFiles, readPolicyFolder, signatureOf, type LoadPolicy, type OpenedPolicy } from './open-policy.ts'
import type { PolicyFiles, PolicyRoles, PolicyStore } from './policy-store.ts'

/** A ladder and its policy settings. */
export interface RegisteredLadder {
  readonly name: string
  readonly rungs: readonly string[]
  /** Folder of its policy, watched for changes. */
  readonly folder?: string
  /** A policy that the configuration describes without a folder. */
  readonly plain?: OpenedPolicy
}

/** What the registry needs. */
export interface PolicyRegistryDependencies {
  readonly store: PolicyStore
  readonly load: LoadPolicy
  readonly logger: Logger
  /** A policy was taken, or refused and the one before it kept. */
  readonly loaded: (ladder: string, outcome: 'taken' | 'refused') => void
}

/** What decides on a ladder now. */
export interface LadderRoles {
  readonly configured?: OpenedPolicy
  readonly active?: OpenedPolicy
  readonly shadow?: OpenedPolicy
}

/**
 * The policies of every ladder of this router: which decides, which thinks along, and those that cascades began with.
 */
export interface PolicyRegistry {
  /** Empty for a ladder that the configuration does not know. */
  roles(ladder: string): LadderRoles
  /** Any version, from memory or from the store; `undefined` when it is no longer stored. */
  find(ladder: string, version: string): Promise<OpenedPolicy | undefined>
  /**
   * Opens a policy and keeps it where every router finds it.
   * @throws GatewayError Config when it is not what was fitted, or of other models; NotFound for an unknown ladder
   */
  put(ladder: string, files: PolicyFiles): Promise<OpenedPolicy>
  /** Reads the folders and what operators have set. What cannot be taken is refused, and what was there stays. */
  refresh(): Promise<void>
}

/** Versions of a ladder that are kept in memory for cascades under way. */
const mostOpen = 6

interface Place {
  readonly ladder: RegisteredLadder
  readonly opened: Map<string, OpenedPolicy>
  roles: LadderRoles
  signature: string
  /** Refused versions, so that each is logged once. */
  readonly refused: Set<string>
}

/**
 * Makes the registry with the configured policies in it.
 * @throws GatewayError Config when one of them cannot be loaded
 */
export async function createPolicyRegistry(
  ladders: readonly RegisteredLadder[],
  dependencies: PolicyRegistryDependencies,
): Promise<PolicyRegistry> {
  const places = new Map(
    await Promise.all(ladders.map(async ladder => [ladder.name, await placeOf(ladder, dependencies)] as const)),
  )
  const { store, load, loaded } = dependencies

  const find = async (name: string, version: string): Promise<OpenedPolicy | undefined> => {
    const place = places.get(name)
    if (place === undefined) return undefined
    const { configured, active, shadow } = place.roles
    const known = [configured, active, shadow].find(one => one?.policy.version === version) ?? place.opened.get(version)
    if (known !== undefined) return known
    const files = await store.get(name, version)
    return files === undefined ? undefined : remember(place, await openPolicyFiles(files, place.ladder.rungs, load))
  }

  /** A version for a role, or the one that has it already where the wanted cannot be had. */
  const take = async (
    place: Place,
    version: string | undefined,
    held: OpenedPolicy | undefined,
  ): Promise<OpenedPolicy | undefined> => {
    if (version === undefined || version === held?.policy.version) return held
    try {
      const found = await find(place.ladder.name, version)
      if (found === undefined) throw new GatewayError('Config', `policy ${version} is not in the store`)
      place.refused.delete(version)
      loaded(place.ladder.name, 'taken')
      return found
    } catch (error) {
      refuse(place, version, error, dependencies)
      return held
    }
  }

  const applyRoles = async (place: Place, roles: PolicyRoles): Promise<void> => {
    const { configured } = place.roles
    const over = configured?.policy.version ?? ''
    const wanted = roles.active?.over === over ? roles.active.version : over
    const active = wanted === over ? configured : await take(place, wanted, place.roles.active)
    const shadow = roles.shadow === undefined ? undefined : await take(place, roles.shadow, place.roles.shadow)
    place.roles = {
      ...(configured === undefined ? {} : { configured }),
      ...(active === undefined ? {} : { active }),
      ...(shadow === undefined ? {} : { shadow }),
    }
  }

  let turn = Promise.resolve()
  const refresh = async (): Promise<void> => {
    for (const place of places.values()) {
      await readFolder(place, dependencies)
      await applyRoles(place, await store.roles(place.ladder.name))
    }
  }

  return {
    roles: name => places.get(name)?.roles ?? {},
    find,
    async put(name, files) {
      const place = places.get(name)
      if (place === undefined) throw new GatewayError('NotFound', `there is no ladder ${name}`)
      const opened = remember(place, await openPolicyFiles(files, place.ladder.rungs, load))
      await store.put(name, opened.policy.version, files)
      return opened
    },
    refresh() {
      // One at a time, so that what was read first is never applied last.
      turn = turn.catch(() => {}).then(refresh)
      return turn
    },
  }
}

async function placeOf(ladder: RegisteredLadder, dependencies: PolicyRegistryDependencies): Promise<Place> {
  const signature = ladder.folder === undefined ? '' : signatureOf(ladder.folder)
  const configured = ladder.folder === undefined ? ladder.plain : await openFolder(ladder, ladder.folder, dependencies)
  const roles = configured === undefined ? {} : { configured, active: configured }
  return { ladder, signature, roles, opened: new Map(), refused: new Set() }
}

async function openFolder(
  { name, rungs }: RegisteredLadder,
  folder: string,
  { store, load }: PolicyRegistryDependencies,
): Promise<OpenedPolicy> {
  const files = readPolicyFolder(folder)
  const opened = await openPolicyFiles(files, rungs, load)
  // A router that takes a cascade over may have another folder, or another state of this one.
  await store.put(name, opened.policy.version, files)
  return opened
}

/**
 * Takes a folder that has changed; one that is half copied is refused by its hashes, and looked at again when it
 * changes on.
 */
async function readFolder(place: Place, dependencies: PolicyRegistryDependencies): Promise<void> {
  const { folder, name } = place.ladder
  if (folder === undefined) return
  const signature = signatureOf(folder)
  if (signature === '' || signature === place.signature) return
  try {
    const configured = await openFolder(place.ladder, folder, dependencies)
    place.signature = signature
    if (configured.policy.version === place.roles.configured?.policy.version) return
    if (place.roles.configured !== undefined) remember(place, place.roles.configured)
    place.roles = { ...place.roles, configured }
    dependencies.loaded(name, 'taken')
    dependencies.logger.info(
      { ladder: name, version: configured.policy.version },
      'a policy folder changed and is taken',
    )
  } catch (error) {
    // The store may be away, which is no fault of the folder.
    if (!(error instanceof GatewayError) || error.code !== 'Config') throw error
    place.signature = signature
    refuse(place, signature, error, dependencies)
  }
}

function refuse(place: Place, what: string, error: unknown, { loaded, logger }: PolicyRegistryDependencies): void {
  if (error instanceof GatewayError && error.code === 'Overloaded') throw error
  if (place.refused.has(what)) return
  if (place.refused.size > mostOpen) place.refused.clear()
  place.refused.add(what)
  loaded(place.ladder.name, 'refused')
  logger.error({ err: error, ladder: place.ladder.name }, 'a policy was rejected; the previous one stays active')
}

/** The oldest is evicted; a later reader finds it in the store. */
function remember(place: Place, opened: OpenedPolicy): OpenedPolicy {
  place.opened.delete(opened.policy.version)
  place.opened.set(opened.policy.version, opened)
  for (const version of place.opened.keys()) {
    if (place.opened.size <= mostOpen) break
    place.opened.delete(version)
  }
  return opened
}
