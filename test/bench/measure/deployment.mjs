import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Metadata } from '@grpc/grpc-js'

/**
 * A ladder of two rungs that a policy decides on, with credentials, budgets and a line in the log for each request:
 * what figures are taken with.
 */
export function everythingOn({ pools, models, modalities = ['text'], policy, limits = {} }) {
  const sha256 = createHash('sha256').update(apiKey).digest('hex')
  return {
    version: 1,
    auth: { keys: [{ id: 'bench', sha256, tenant: 'bench', scopes: ['infer', 'admin'] }] },
    budgets: { requestMaxUsd: 1, tenantPerDayUsd: 100_000, deployment: { perDayUsd: 1_000_000 } },
    log: { level: 'info', requests: true },
    limits: { inFlight: 20_000, longestDeadlineMs: 600_000, ...limits },
    pools,
    models,
    ladders: { generate: { task: 'generate', modalities, rungs: Object.keys(models), policy } },
  }
}

const apiKey = 'key-of-the-bench'

/** The same as a header. */
export const bearer = `Bearer ${apiKey}`

/** What each call of the bench carries. */
export function credential() {
  const metadata = new Metadata()
  metadata.set('authorization', bearer)
  return metadata
}

/**
 * The answer of the first rung is taken, after its policy has predicted and judged: one call of a model a request, as
 * the counterparts make it.
 */
export const firstRung = { minQuality: 0.0001, deadline: { seconds: 60, nanos: 0 } }

/**
 * The deployed policy of `classify` without its encoder of texts, whose milliseconds would be most of what is
 * measured: the domain is checked by features and words. Gives its folder, and removes it when the process ends.
 */
export function plainPolicy() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-policy-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  cpSync(new URL('../../../deploy/policies/classify', import.meta.url), folder, { recursive: true })
  const file = join(folder, 'policy.json')
  const { encoder: _encoder, ...policy } = JSON.parse(readFileSync(file, 'utf8'))
  const { meaning, whole: _whole, ...domain } = policy.domain
  const numbers = readFileSync(join(folder, domain.file))
  const sizeOf = ({ dimensions, variances, centres }) => 4 * dimensions * (1 + variances.length + centres)
  const from = sizeOf(domain.features)
  const behind = from + sizeOf(meaning) + 4 * meaning.dimensions * meaning.everyday.centres
  const left = Buffer.concat([numbers.subarray(0, from), numbers.subarray(behind)])
  writeFileSync(join(folder, domain.file), left)
  const files = { ...policy.files, [domain.file]: createHash('sha256').update(left).digest('hex') }
  writeFileSync(file, JSON.stringify({ ...policy, files, domain }))
  return folder
}

/** The same under the names of other models. */
export function borrowPolicy(names) {
  const folder = plainPolicy()
  const file = join(folder, 'policy.json')
  const own = ['minilm', 'gte-small']
  const text = own.reduce((all, name, at) => all.replaceAll(name, names[at]), readFileSync(file, 'utf8'))
  writeFileSync(file, text)
  return folder
}

/** A card for a model of the bench. */
export const card = { title: 'Bench', licence: 'none', source: 'a bench', trainingData: 'none', limits: 'none' }
