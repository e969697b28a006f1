// The keys of the configuration as tables, from its JSON schema.
import { table } from './table.mjs'

/** Maps that stand in several places have a section of their own. */
const shared = [
  { title: 'A backend', path: 'models.<name>.backend' },
  { title: 'A price', path: 'models.<name>.price' },
  { title: 'A recipe', path: 'ladders.<name>.rungs[]' },
]

const units = [
  [/Ms$/u, 'ms'],
  [/Seconds$/u, 's'],
  [/Days$/u, 'days'],
  [/egabytes(?:PerTenant)?$/u, 'MB'],
  [/ilobytes$/u, 'kB'],
  [/egapixels$/u, 'MP'],
  [/UsdPerDay$/u, 'USD a day'],
  [/PerDayUsd$/u, 'USD a day'],
  [/PerMonthUsd$/u, 'USD a month'],
  [/(?:Usd|^usd)$/u, 'USD'],
  [/PerMinute$|^perMinute$/u, '1/min'],
  [/^per(?!Tenant$|Router$)[A-Z]\w+$/u, 'nano-USD'],
  [/(?:Ratio|Share|^sampleRatio)$/u, 'ratio'],
  [/Characters$/u, 'characters'],
  [/Tokens$|^tokens$/u, 'tokens'],
]

/** One section a key of the first level, and one for each map that stands in several places. */
export function configTables(schema) {
  const sections = Object.entries(schema.properties).map(([key, node]) => {
    const own = isMap(node) ? [] : [rowOf(key, node, schema)]
    return [`\`${key}\``, node.description, [...own, ...rowsBelow(key, node)]]
  })
  // A map with one key has a section too: its name is a key of the file.
  const plain = sections.filter(([title, , rows]) => rows.length === 1 && rows[0][0] === title)
  const first = ['Top level', '', plain.flatMap(([, , rows]) => rows)]
  const others = shared.map(({ title, path }) => {
    const node = nodeAt(schema, path)
    return [title, `\`${path}\`${alsoAt(path)}`, rowsOf('', node)]
  })
  return [first, ...sections.filter(section => !plain.includes(section)), ...others]
    .map(([title, text, rows]) => {
      const head = ['key', 'type', 'default', 'unit', 'meaning']
      const intro = text === undefined || text === '' ? '' : `${text}\n\n`
      return `### ${title}\n\n${intro}${table(head, rows)}\n`
    })
    .join('\n')
}

function alsoAt(path) {
  if (path.endsWith('.rungs[]')) return ' and `fallbacks[]`, where an entry is not the name of a model.'
  return path.endsWith('.price') ? ' and `prices.<name>[]`.' : ', told apart by `kind`.'
}

/** The rows of the keys of a map and of what lies below them. */
function rowsOf(path, node) {
  const maps = options(node).filter(one => one.properties !== undefined)
  const kinds = maps.filter(one => one.properties.kind?.const !== undefined)
  if (kinds.length > 1) return rowsOfKinds(path, kinds)
  return maps.flatMap(map =>
    Object.entries(map.properties).flatMap(([key, child]) => {
      const at = path === '' ? key : `${path}.${key}`
      return [rowOf(at, child, map), ...rowsBelow(at, child)]
    }),
  )
}

/** The maps of a union told apart by `kind`: a key that means the same in several of them is one row. */
function rowsOfKinds(path, kinds) {
  const words = kinds.map(({ properties }) => properties.kind.const)
  const prefix = path === '' ? '' : `${path}.`
  const rows = [[`\`${prefix}kind\``, words.map(code).join(' | '), 'required', '', 'Which of these it is.']]
  const found = new Map()
  for (const map of kinds) {
    for (const [key, child] of Object.entries(map.properties)) {
      if (key === 'kind') continue
      const own = [rowOf(`${prefix}${key}`, child, map), ...rowsBelow(`${prefix}${key}`, child)]
      const id = JSON.stringify(own)
      found.set(id, { key, rows: own, kinds: [...(found.get(id)?.kinds ?? []), map.properties.kind.const] })
    }
  }
  for (const { rows: own, kinds: having } of found.values()) {
    const [[key, type, standard, unit, meaning], ...below] = own
    rows.push([key, type, standard, unit, `${having.map(code).join(', ')}: ${meaning}`], ...below)
  }
  return rows
}

/** What lies below a key: in maps, in the entries of lists, and in maps by name. */
function rowsBelow(path, node) {
  if (shared.some(one => one.path === path)) return []
  const maps = options(node).some(one => one.properties !== undefined) && !isShorthand(node) ? rowsOf(path, node) : []
  const others = options(node).flatMap(one => {
    if (one.properties !== undefined) return []
    if (one.type === 'array') return below(`${path}[]`, one.items)
    return one.type === 'object' ? below(`${path}.<name>`, one.additionalProperties) : []
  })
  return [...maps, ...others]
}

function below(path, node) {
  if (typeof node !== 'object' || shared.some(one => one.path === path) || path.endsWith('.fallbacks[]')) return []
  if (path === 'prices.<name>') return rowsOf(`${path}[]`, node.items).filter(([key]) => /from|until/u.test(key))
  return rowsBelow(path, node)
}

function rowOf(path, node, parent) {
  const key = path.split('.').at(-1)
  if (node.description === undefined) throw new Error(`${path} has no meaning: give its schema one by .describe()`)
  const isRequired = parent.required?.includes(key) ?? false
  const isLeaf = node.default !== undefined && !(isMap(node) && node.properties !== undefined)
  const standard = isLeaf ? code(JSON.stringify(node.default)) : isRequired ? 'required' : ''
  return [code(path), typeOf(node), standard, unitOf(key, node), node.description]
}

function unitOf(key, node) {
  if (!/integer|number/u.test(typeOf(node))) return ''
  return units.find(([shape]) => shape.test(key))?.[1] ?? ''
}

function typeOf(node) {
  const all = options(node).map(one => {
    if (one.const !== undefined) return code(one.const === '' ? '""' : String(one.const))
    if (one.enum !== undefined) return one.enum.map(code).join(' | ')
    if (one.type === 'integer' || one.type === 'number') return rangeOf(one)
    if (one.type === 'array') return `list of ${plural(typeOf(one.items))}`
    if (one.type === 'object' && isShorthand(node) && Object.keys(one.properties).length < 5)
      return code(`{ ${Object.keys(one.properties).join(', ')} }`)
    if (one.type === 'object') return 'map'
    return one.format === 'uri' ? 'address' : (one.type ?? 'any')
  })
  return [...new Set(all)].join(' or ')
}

function plural(type) {
  return /^(?:string|map|address)$/u.test(type) ? type.replace(/s?$/u, type === 'address' ? 'ses' : 's') : type
}

function rangeOf({ type, minimum, maximum, exclusiveMinimum }) {
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum
  const name = type === 'integer' ? 'integer' : 'number'
  if (exclusiveMinimum !== undefined) return `${name} > ${exclusiveMinimum}${most === undefined ? '' : `, ≤ ${most}`}`
  const least = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum
  if (least === undefined) return most === undefined ? name : `${name} ≤ ${most}`
  return most === undefined ? `${name} ≥ ${least}` : `${name} ${least} to ${most}`
}

/** Whether a plain value may stand for a map, as a limit in dollars does. */
function isShorthand(node) {
  const all = options(node)
  return all.some(one => one.properties !== undefined) && all.some(one => one.type !== 'object')
}

function isMap(node) {
  return options(node).some(one => one.type === 'object')
}

function options(node) {
  const union = node.anyOf ?? node.oneOf
  return union === undefined ? [node] : union.flatMap(options)
}

/** The schema of a key, by its path as the tables write it. */
function nodeAt(schema, path) {
  let node = schema
  for (const part of path.split('.')) {
    const isList = part.endsWith('[]')
    const name = isList ? part.slice(0, -2) : part
    node = name === '<name>' ? node.additionalProperties : node.properties[name]
    if (isList) node = options(node.items).find(one => one.properties !== undefined)
  }
  return node
}

function code(text) {
  return `\`${text}\``
}
