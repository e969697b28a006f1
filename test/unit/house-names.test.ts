import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import type { ErrorCode } from '#services/contract/errors'
import { statusNumberOf } from '#services/wire/status'

const root = packageRoot()
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The closed family as it is written, so that a code added there is asked for here. */
const codes = [
  ...(/export type ErrorCode =([\s\S]*?)\n\n/u.exec(read('services/contract/errors.ts'))?.[1] ?? '').matchAll(
    /'(\w+)'/gu,
  ),
].map(([, code]) => code as ErrorCode)

/** Names of the metrics that a service counts, in whatever file it registers them. */
function metricNames(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
    .flatMap(path => [...read(join(folder, path)).matchAll(/'(sluice_\w+)'/gu)])
    .map(([, name = '']) => name)
}

describe('every failure', () => {
  it('has a gRPC status of its own that is not INTERNAL', () => {
    expect(codes.length).toBeGreaterThan(10)
    const internal = 13
    expect(codes.filter(code => !(statusNumberOf(code) > 0))).toEqual([])
    expect(codes.filter(code => code !== 'Config' && statusNumberOf(code) === internal)).toEqual([])
  })
})

describe('every metric', () => {
  it.each(['router', 'worker'])('of the %s says its service and its unit', service => {
    // What a router counts of the legs that it runs is counted as by a worker.
    const folders = service === 'worker' ? ['services/worker', 'services/backends'] : [`services/${service}`]
    const names = folders.flatMap(metricNames)
    expect(names.length).toBeGreaterThan(3)
    // Guardrails are known by their own name, whatever service runs them.
    const shape = new RegExp(`^sluice_(?:${service}|guardrail)_[a-z]+(?:_[a-z]+)*$`, 'u')
    expect(names.filter(name => !shape.test(name))).toEqual([])
    expect(names.filter(name => /_(?:ms|millis|milliseconds|kb|mb)(?:_|$)/u.test(name))).toEqual([])
  })
})
