import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { GatewayError } from '#services/contract/errors'
import { readConfig } from './read-config.ts'
import type { Config } from './schema.ts'
import { fileFaultText } from '#services/platform/process/file-fault'

/** A configuration with the lines of its values. */
export interface LoadedConfig {
  readonly config: Config
  readonly file: string
  readonly places: Places
  /** The environment of a child process that shall load the same configuration, with more values put over it. */
  readonly childEnvironment: (more: Overrides) => Readonly<Record<string, string | undefined>>
}

/**
 * How a caller on this machine meets a gateway, of SLUICE_API_KEY, SLUICE_TLS and SLUICE_TLS_CA, _CERT, _KEY,
 * _NAME. An empty value is none.
 */
export interface ClientEnvironment {
  readonly apiKey: string | undefined
  readonly tls: boolean
  readonly tlsCa: string | undefined
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  readonly tlsName: string | undefined
}

/** Reads the environment variables of a client. */
export function readClientEnvironment(): ClientEnvironment {
  return {
    apiKey: variable('SLUICE_API_KEY'),
    tls: variable('SLUICE_TLS') !== undefined,
    tlsCa: variable('SLUICE_TLS_CA'),
    tlsCert: variable('SLUICE_TLS_CERT'),
    tlsKey: variable('SLUICE_TLS_KEY'),
    tlsName: variable('SLUICE_TLS_NAME'),
  }
}

function variable(name: string): string | undefined {
  const value = process.env[name] ?? ''
  return value === '' ? undefined : value
}

/** Values put over those of the file, by dotted path, such as `listen.grpc`. They hold no spaces. */
export type Overrides = Readonly<Record<string, string>>

/** Folders of this installation and of this user. */
export interface Places {
  /** The package's own folder: protos, deploy. */
  readonly root: string
  /** Model packs. */
  readonly packs: string
  /** What the private Redis keeps. */
  readonly state: string
  /** Folders in which programs are looked for, as PATH has them. */
  readonly path: string
}

/**
 * The package's folder: the nearest one above this file that has the protos, so that sources and build both find
 * it.
 */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'proto', 'sluice'))) {
    const above = dirname(folder)
    if (above === folder) throw new GatewayError('Config', 'the installation is incomplete: proto/sluice is missing')
    folder = above
  }
  return folder
}

/**
 * Loads the configuration from `file`, else from SLUICE_CONFIG, else from deploy/config/sluice.yaml, with the
 * values of SLUICE_SET and then `overrides` put over it.
 * @throws GatewayError Config
 */
export function loadConfig(file?: string, overrides: Overrides = {}): LoadedConfig {
  const environment = process.env
  const root = packageRoot()
  const named = file ?? environment['SLUICE_CONFIG'] ?? ''
  // An empty variable counts as unset, as in shells and compose files.
  const defaultFile = join(root, 'deploy', 'config', 'sluice.yaml')
  const chosen = named === '' ? defaultFile : resolve(named)
  const text = readChosen(chosen)
  const allOverrides = { ...parseOverrides(environment['SLUICE_SET'] ?? ''), ...overrides }
  const config = readConfig(text, {
    file: chosen,
    environment: { ...environment, SLUICE_ROOT: root },
    overrides: allOverrides,
    surroundings: { packs: lockedPacks(root), folderExists: existsSync },
    library: { defaultFile, read: other => readFileSync(other, 'utf8') },
  })
  return {
    config,
    file: chosen,
    places: placesOf(config, root, environment),
    childEnvironment: more => ({
      ...environment,
      SLUICE_CONFIG: chosen,
      SLUICE_SET: formatOverrides({ ...allOverrides, ...more }),
    }),
  }
}

function readChosen(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new GatewayError('Config', `${file}: it cannot be read: ${fileFaultText(error)}`, {}, { cause: error })
  }
}

/** Reads `path=value path=value`, as SLUICE_SET has it. @throws GatewayError Config */
export function parseOverrides(text: string): Overrides {
  const words = text.split(/\s+/u).filter(word => word !== '')
  return Object.fromEntries(
    words.map(word => {
      const at = word.indexOf('=')
      if (at < 1) throw new GatewayError('Config', `SLUICE_SET: ${word} is not path=value`)
      return [word.slice(0, at), word.slice(at + 1)]
    }),
  )
}

function formatOverrides(overrides: Overrides): string {
  return Object.entries(overrides)
    .map(([path, value]) => `${path}=${value}`)
    .join(' ')
}

/** Names of the packs that can be fetched; `undefined` before there is a lock file. */
function lockedPacks(root: string): ReadonlySet<string> | undefined {
  const file = join(root, 'deploy', 'models', 'models.lock.json')
  if (!existsSync(file)) return undefined
  const { packs } = z.object({ packs: z.record(z.string(), z.unknown()) }).parse(JSON.parse(readFileSync(file, 'utf8')))
  return new Set(Object.keys(packs))
}

function placesOf(config: Config, root: string, environment: NodeJS.ProcessEnv): Places {
  const cache = environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const state = environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state')
  return {
    root,
    packs: config.packs.folder === undefined ? join(cache, 'sluice') : resolve(config.packs.folder),
    state: join(state, 'sluice'),
    path: environment['PATH'] ?? '',
  }
}
