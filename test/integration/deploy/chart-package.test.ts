import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import { chartFolder, helmMissing, renderChart, renderFrom } from '../../support/deploy/helm.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-chart-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const everything = { monitoring: { enabled: true, dashboards: true } }

describe.skipIf(helmMissing)('a packaged chart', () => {
  it('renders as its folder does', () => {
    const script = join(packageRoot(), 'scripts', 'package-chart.mjs')
    const file = execFileSync(process.execPath, [script, '--out', folder]).toString().trim()
    const objects = renderFrom(file, everything)
    expect(objects.filter(({ kind }) => kind === 'ConfigMap').length).toBeGreaterThan(6)
    expect(objects).toEqual(renderChart(everything))
  })

  it('without its files says how to get them', () => {
    const bare = join(folder, 'bare')
    cpSync(chartFolder, bare, { recursive: true, filter: path => !path.startsWith(join(chartFolder, 'files')) })
    expect(() => renderFrom(bare, everything)).toThrow(/npm run package-chart/u)
  })
})
