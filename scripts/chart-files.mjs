// The chart can read files of its own folder alone, so dashboards, rules and the shipped configuration are copied into
// it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Copies into `deploy/helm/sluice/files` what has changed, and removes what has no source any more. */
export function fillChart(root) {
  const deploy = join(root, 'deploy')
  const target = join(deploy, 'helm', 'sluice', 'files')
  const sources = new Map([
    [join(target, 'sluice.yaml'), join(deploy, 'config', 'sluice.yaml')],
    ...copies(join(deploy, 'prometheus', 'rules'), join(target, 'rules')),
    ...copies(join(deploy, 'grafana', 'dashboards'), join(target, 'dashboards')),
  ])
  for (const [copy, source] of sources) {
    const content = readFileSync(source)
    if (existsSync(copy) && readFileSync(copy).equals(content)) continue
    mkdirSync(dirname(copy), { recursive: true })
    writeFileSync(copy, content)
  }
  for (const entry of readdirSync(target, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !sources.has(path)) rmSync(path)
  }
}

function copies(from, to) {
  return readdirSync(from).map(name => [join(to, name), join(from, name)])
}
