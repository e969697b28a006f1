import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '#services/config/load-config'

/** The version before this one, raised at each release: what runs in the field while this build is rolled out. */
const earlierCommit = 'a8f2ba3e38903262f554b98c99b171cda471c912'

/** A version that processes can be started from. */
export interface Version {
  readonly name: string
  /** Its folder, built. */
  readonly root: string
  remove(): void
}

/** Why the version before cannot be built here; `undefined` when it can. */
export const earlierMissing =
  spawnSync('git', ['cat-file', '-e', `${earlierCommit}^{commit}`], { cwd: packageRoot() }).status === 0
    ? undefined
    : 'the history does not reach back to the version before'

/** Builds the version before in a folder of its own, over the packages that are installed. @throws Error when it does not compile */
export function buildEarlier(): Version {
  const root = mkdtempSync(join(tmpdir(), 'sluice-earlier-'))
  const remove = (): void => rmSync(root, { recursive: true, force: true })
  try {
    const paths = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs', 'services', 'proto']
    const archive = execFileSync('git', ['archive', earlierCommit, ...paths, 'deploy/models', 'test/e2e/config'], {
      cwd: packageRoot(),
      maxBuffer: 256 * 1024 * 1024,
    })
    execFileSync('tar', ['-x', '-C', root], { input: archive })
    symlinkSync(join(packageRoot(), 'node_modules'), join(root, 'node_modules'))
    execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root })
  } catch (error) {
    remove()
    throw error
  }
  return { name: earlierCommit.slice(0, 7), root, remove }
}

/** This build. */
export const thisBuild: Version = { name: 'this build', root: packageRoot(), remove: () => {} }
