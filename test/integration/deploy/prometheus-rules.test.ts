import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { ruleFiles, rules } from '../../support/deploy/monitoring-files.ts'
import { prometheusMissing } from '../../support/deploy/prometheus.ts'

const deploy = join(packageRoot(), 'deploy')
const tests = readdirSync(join(deploy, 'prometheus', 'tests')).map(name => join(deploy, 'prometheus', 'tests', name))
const cases = tests.map(file => readFileSync(file, 'utf8')).join('\n')
const alerts = rules().filter(rule => rule.alert !== undefined)
const run = (program: string, ...parameters: string[]): string =>
  execFileSync(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] }).toString()

describe('every alert', () => {
  const runbook = readFileSync(join(deploy, 'RUNBOOK.md'), 'utf8')

  it.each(alerts.map(({ alert, labels, annotations }) => ({ alert, labels, annotations })))(
    '$alert pages or makes a ticket, leads to its section of the runbook, and has a case that fires and one that does not',
    ({ alert = '', labels, annotations }) => {
      expect(['page', 'ticket']).toContain(labels?.['severity'])
      expect(annotations?.['summary']).toBeTruthy()
      expect(annotations?.['description']).toBeTruthy()
      expect(annotations?.['runbook']).toBe(`deploy/RUNBOOK.md#${alert.toLowerCase()}`)
      const section = runbook.split('\n## ').find(one => one.startsWith(`${alert}\n`)) ?? ''
      expect(section.length).toBeGreaterThan(100)
      expect(cases).toContain(`name: ${alert} fires`)
      expect(cases).toContain(`name: ${alert} is quiet`)
    },
  )

  it('is one of those that the runbook is about, and no other', () => {
    const sections = [...runbook.matchAll(/^## (Sluice\w+)$/gmu)].map(([, name]) => name)
    expect(new Set(sections)).toEqual(new Set(alerts.map(({ alert }) => alert)))
    expect(sections).toHaveLength(alerts.length)
  })
})

describe.skipIf(prometheusMissing !== undefined)(
  `Prometheus’ own tools${prometheusMissing === undefined ? '' : ` (${prometheusMissing})`}`,
  () => {
    it('read the rules', () => {
      expect(run('promtool', 'check', 'rules', ...ruleFiles)).not.toContain('FAILED')
    })

    it('see each alert fire when it must and be quiet when it must not', { timeout: 180_000 }, () => {
      expect(run('promtool', 'test', 'rules', ...tests)).not.toContain('FAILED')
    })

    it('read the configurations of compose', () => {
      expect(
        run('promtool', 'check', 'config', '--syntax-only', join(deploy, 'prometheus', 'prometheus.yaml')),
      ).toContain('SUCCESS')
    })

    it('read Alertmanager’s configuration and send pages and tickets where they belong', () => {
      const file = join(deploy, 'prometheus', 'alertmanager.yaml')
      expect(run('amtool', 'check-config', file)).toContain('SUCCESS')
      const routed = (...labels: string[]): string =>
        run('amtool', 'config', 'routes', 'test', `--config.file=${file}`, ...labels).trim()
      expect(routed('severity=page', 'alertname=SluiceRedisDown')).toBe('pager')
      expect(routed('severity=ticket', 'alertname=SluicePoolWaits')).toBe('tickets')
    })
  },
)
