import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { Registry } from 'prom-client'
import { createCalibrationDrift } from '../../services/router/learn/drift/calibration-drift.ts'
import { registerDrift } from '../../services/router/learn/drift/drift-metrics.ts'
import { createFeatureDrift } from '../../services/router/learn/drift/feature-drift.ts'
import { packageRoot } from '../../services/shared/config/load-config.ts'

const folder = join(packageRoot(), 'deploy', 'prometheus')
const rulesFile = join(folder, 'rules', 'drift.yaml')
const missing = spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status !== 0
const promtool = (...parameters: readonly string[]): { status: number | null; output: string } => {
  const { status, stdout, stderr } = spawnSync('promtool', [...parameters], { encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

describe.skipIf(missing)(`the rules of drift${missing ? ' (promtool is not installed)' : ''}`, () => {
  it('are read by Prometheus, fire when they must and are quiet when they must not', () => {
    expect(promtool('check', 'rules', rulesFile)).toMatchObject({ status: 0 })
    expect(promtool('test', 'rules', join(folder, 'tests', 'drift.yaml'))).toMatchObject({ status: 0 })
  })
})

describe('the rules of drift', () => {
  it('ask only for metrics that there are, and say what to do', () => {
    const registry = new Registry()
    registerDrift(registry, createFeatureDrift({ window: 1, least: 1 }), createCalibrationDrift({ window: 1 }))
    const counted = readFileSync(join(packageRoot(), 'services', 'router', 'compose-policies.ts'), 'utf8')
    const text = readFileSync(rulesFile, 'utf8')
    const { groups } = parse(text) as {
      groups: { rules: { alert?: string; expr: string; annotations?: Record<string, string> }[] }[]
    }
    const rules = groups.flatMap(group => group.rules)
    const asked = rules.flatMap(rule => rule.expr.match(/sluice_\w+/gu) ?? [])
    const unknown = asked.filter(name => registry.getSingleMetric(name) === undefined && !counted.includes(`'${name}'`))
    expect(unknown).toEqual([])
    for (const { annotations } of rules.filter(rule => rule.alert !== undefined)) {
      expect(annotations?.['runbook']?.length).toBeGreaterThan(100)
    }
  })
})
