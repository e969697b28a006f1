import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'

const root = packageRoot()
const policy = join(root, 'deploy', 'policies', 'ocr')
let folder: string
let home: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-telemetry-'))
  home = join(folder, 'home')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/**
 * Runs Node with a home of its own and nothing of this process's environment: a test's runner forbids telemetry too,
 * and so does CI's.
 */
function run(parameters: readonly string[]): string {
  const env = { PATH: process.env['PATH'], HOME: home, XDG_CACHE_HOME: join(home, 'cache') }
  return execFileSync(process.execPath, parameters, { cwd: root, env, encoding: 'utf8' })
}

/** The runtime names the machine in a file of its cache when it means to tell of it. */
const written = (): readonly string[] => {
  try {
    return readdirSync(home, { recursive: true }).map(String)
  } catch {
    // Nobody has made the folder.
    return []
  }
}

describe('ONNX Runtime', { timeout: 60_000 }, () => {
  it('tells nobody of what the command line computes', () => {
    const inputs = join(folder, 'inputs.jsonl')
    const out = join(folder, 'scores.jsonl')
    writeFileSync(inputs, JSON.stringify({ id: 'one', content: [{ text: 'plain words' }], outcomes: {} }))
    run(['bin/sluice.js', 'score', '--policy', policy, '--inputs', inputs, '--out', out])
    expect(written()).toEqual([])
  })

  it("tells nobody of what a service's processes compute", () => {
    const service = pathToFileURL(join(root, 'dist', 'services', 'platform', 'process', 'run-service.js')).href
    const computing = join(folder, 'computing.mjs')
    const runtime = pathToFileURL(join(root, 'node_modules', 'onnxruntime-node', 'dist', 'index.js')).href
    writeFileSync(
      computing,
      `import { InferenceSession } from '${runtime}'
       await InferenceSession.create('${join(policy, 'estimator.onnx')}')`,
    )
    const main = join(folder, 'main.mjs')
    writeFileSync(
      main,
      `import { fork } from 'node:child_process'
      import { runService } from '${service}'
      const start = () => new Promise((resolve, reject) => {
        const child = fork('${computing}')
        child.once('error', reject)
        child.once('exit', code => { console.log('computed', code); resolve({ drainMs: 0, drain: async () => {} }) })
      })
      await runService(start, { logger: { info() {}, fatal: console.log }, parentPipe: false })
      process.exit(0)`,
    )
    expect(run([main])).toBe('computed 0\n')
    expect(written()).toEqual([])
  })
})
