import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { missingServiceFlags, serviceFlags } from '#services/platform/process/service-flags'

// Node ends with 9 for an option that V8 does not know.
it.each([...serviceFlags, '--no-such-flag'])('%s is known to this Node, or refused', flag => {
  expect(spawnSync(process.execPath, [flag, '--eval', '0']).status).toBe(flag === '--no-such-flag' ? 9 : 0)
})

it.each([
  ['deploy/docker/Dockerfile', 2],
  ['docker-compose.yml', 2],
  ['deploy/helm/sluice/templates/router-deployment.yaml', 1],
  ['deploy/helm/sluice/templates/workers.yaml', 1],
])('%s starts every service with them', (file, services) => {
  const text = readFileSync(join(packageRoot(), file), 'utf8').replaceAll('"', '')
  const started = text.match(/\[node, .*dist\/services\/(?:router|worker)\/main\.js/gu) ?? []
  expect(started).toHaveLength(services)
  for (const command of started) for (const flag of serviceFlags) expect(command).toContain(`, ${flag},`)
})

it('says which of them a process was started without', () => {
  expect(missingServiceFlags([])).toEqual(serviceFlags)
  expect(missingServiceFlags(['--no-warnings', ...serviceFlags])).toEqual([])
})
