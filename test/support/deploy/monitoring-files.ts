import { parser } from '@prometheus-io/lezer-promql'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { packageRoot } from '#services/config/load-config'

const deploy = join(packageRoot(), 'deploy')

/** One query of a dashboard, with where it stands. */
export interface PanelQuery {
  readonly where: string
  readonly expression: string
}

interface Panel {
  readonly title: string
  readonly description?: string
  readonly targets?: readonly { readonly expr: string }[]
}

/** Every query of every dashboard. */
export function dashboardQueries(): readonly PanelQuery[] {
  return readdirSync(join(deploy, 'grafana', 'dashboards')).flatMap(file => {
    const { title, panels } = JSON.parse(readFileSync(join(deploy, 'grafana', 'dashboards', file), 'utf8')) as {
      title: string
      panels: readonly Panel[]
    }
    return panels.flatMap(panel =>
      (panel.targets ?? []).map(({ expr }) => ({ where: `${title} / ${panel.title}`, expression: expr })),
    )
  })
}

/** A rule as Prometheus reads it. */
export interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** The files of rules. */
export const ruleFiles = ['recordings.yaml', 'alerts.yaml'].map(name => join(deploy, 'prometheus', 'rules', name))

/** Every rule. */
export function rules(): readonly Rule[] {
  return ruleFiles.flatMap(file => {
    const { groups } = parse(readFileSync(file, 'utf8')) as { groups: readonly { rules: readonly Rule[] }[] }
    return groups.flatMap(group => group.rules)
  })
}

type Node = ReturnType<typeof parser.parse>['topNode']

/** Names of the metrics that an expression asks for. */
export function metricsOf(expression: string): readonly string[] {
  const names: string[] = []
  parser.parse(expression).iterate({
    enter(node) {
      if (node.name === '⚠') throw new Error(`it cannot be read: ${expression}`)
      if (node.name === 'VectorSelector') {
        const [name] = /^[\w:]+/u.exec(expression.slice(node.from, node.to)) ?? []
        if (name !== undefined) names.push(name)
      }
    },
  })
  return names
}

const comparisons = new Set(['Eql', 'Neq', 'Gtr', 'Lss', 'Gte', 'Lte'])
const sets = new Set(['And', 'Or', 'Unless'])

/**
 * The parts of an alert's expression that must give data in good times too: what it compares, without the comparing.
 */
export function comparedIn(expression: string): readonly string[] {
  const walk = (node: Node): readonly string[] => {
    const children: Node[] = []
    for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child)
    const text = expression.slice(node.from, node.to)
    if (node.name === 'PromQL' || node.name === 'ParenExpr') return children.flatMap(walk)
    if (node.name === 'FunctionCall' && text.startsWith('absent(')) return [text.slice('absent('.length, -1)]
    if (node.name !== 'BinaryExpr') return node.name === 'NumberDurationLiteral' ? [] : [text]
    const [left, right] = [children[0], children.at(-1)]
    if (left === undefined || right === undefined) throw new Error(`it cannot be read: ${text}`)
    const operator = children.find(child => comparisons.has(child.name) || sets.has(child.name))
    if (operator === undefined) return [text]
    return [...walk(left), ...walk(right)]
  }
  return walk(parser.parse(expression).topNode)
}
