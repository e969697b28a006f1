import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GatewayError } from '../contract/errors.ts'
import { readConfig } from './read-config.ts'
import type { Config } from './schema.ts'

/** A configuration with the places that it stands on. */
export interface LoadedConfig {
  readonly config: Config
  readonly file: string
  readonly places: Places
}

/** Folders of this installation and of this user. */
export interface Places {
  /** The package's own folder: protos, deploy. */
  readonly root: string
  /** Model packs. */
  readonly packs: string
  /** What the private Redis keeps. */
  readonly state: string
  /** Makes a configured folder absolute: as given, or under the package. */
  readonly folder: (configured: string) => string
}

/** The package's folder: the nearest one above this file that has the protos, so that sources and build both find it. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'proto', 'sluice'))) {
    const above = dirname(folder)
    if (above === folder) throw new GatewayError('Config', 'the installation is not whole: proto/sluice is missing')
    folder = above
  }
  return folder
}

/** Loads the configuration from `file`, else from SLUICE_CONFIG, else from deploy/config/sluice.yaml. The only reader of the environment. @throws GatewayError Config */
export function loadConfig(file?: string): LoadedConfig {
  const environment = process.env
  const root = packageRoot()
  const chosen = resolve(file ?? environment['SLUICE_CONFIG'] ?? join(root, 'deploy', 'config', 'sluice.yaml'))
  let text: string
  try {
    text = readFileSync(chosen, 'utf8')
  } catch (error) {
    throw new GatewayError('Config', `${chosen}: it cannot be read`, {}, { cause: error })
  }
  const config = readConfig(text, chosen, environment)
  return { config, file: chosen, places: placesOf(config, root, environment) }
}

function placesOf(config: Config, root: string, environment: NodeJS.ProcessEnv): Places {
  const cache = environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const state = environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state')
  const folder = (configured: string): string => (isAbsolute(configured) ? configured : join(root, configured))
  return {
    root,
    packs: config.packs.folder === undefined ? join(cache, 'sluice') : folder(config.packs.folder),
    state: join(state, 'sluice'),
    folder,
  }
}
