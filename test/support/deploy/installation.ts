import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { packageRoot } from '#services/config/load-config'

/** An installation of the built project whose lock names one pack of a test. */
export interface Installation {
  /** Its folder, to start processes from. */
  readonly root: string
  /** For `packs.folder` of a configuration. */
  readonly packs: string
}

/** Lays out an installation under a folder, with a pack that `write` writes. */
export function installWithPack(folder: string, pack: string, write: (packFolder: string) => void): Installation {
  const from = packageRoot()
  const root = join(folder, 'installation')
  const packs = join(folder, 'cache')
  mkdirSync(join(root, 'deploy', 'models'), { recursive: true })
  for (const name of ['dist', 'package.json']) cpSync(join(from, name), join(root, name), { recursive: true })
  for (const name of ['node_modules', 'proto']) symlinkSync(join(from, name), join(root, name))
  write(join(packs, 'packs', pack))
  const lock = { version: 1, note: 'of a test', packs: { [pack]: packOf(join(packs, 'packs', pack)) } }
  writeFileSync(join(root, 'deploy', 'models', 'models.lock.json'), JSON.stringify(lock))
  return { root, packs }
}

function packOf(folder: string): object {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .map(path => ({
      path: relative(folder, path),
      from: relative(folder, path),
      bytes: statSync(path).size,
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
    }))
  return {
    title: 'a pack of a test',
    default: false,
    licence: 'Apache-2.0',
    upstream: 'https://example.org',
    sources: { hub: null, npm: { package: 'a-test', version: '1.0.0' } },
    files,
  }
}
