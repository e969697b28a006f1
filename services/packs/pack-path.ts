import { join } from 'node:path'

/** The folder of an unpacked pack under the cache: `<cache>/packs/<name>`. */
export function packPath(cacheFolder: string, name: string): string {
  return join(cacheFolder, 'packs', name)
}
