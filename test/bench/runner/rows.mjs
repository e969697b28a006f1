/** A row of a scenario as the contract of `sluice bench` has it. */
export function toScenario(name, row) {
  const {
    metric,
    unit,
    concurrency = 1,
    ours,
    counterpart,
    counterpartName,
    against = 'bare',
    target,
    targetOf,
    n,
  } = row
  const ratio = row.ratio ?? (counterpart === undefined ? undefined : ours / counterpart)
  return {
    name,
    concurrency,
    metric,
    ...(unit === undefined ? {} : { unit }),
    value: round(ours),
    ...(counterpart === undefined ? {} : { [against]: round(counterpart) }),
    ...(counterpartName === undefined ? {} : { counterpart: counterpartName }),
    ...(ratio === undefined ? {} : { ratio: round(ratio) }),
    ...(target === undefined ? {} : { target, met: meets(targetOf === 'ours' ? ours : (ratio ?? ours), target) }),
    ...(n === undefined ? {} : { n }),
  }
}

/** Whether a figure keeps to a target such as `<= 1.25`; a target with a unit behind it is of the same unit. */
export function meets(figure, target) {
  const [, comparison, bound] = /^(<=|>=)\s*([\d.]+)/u.exec(target) ?? []
  if (comparison === undefined) throw new Error(`expected a target such as "<= 1.25", found ${target}`)
  return comparison === '<=' ? figure <= Number(bound) : figure >= Number(bound)
}

/** The rows as a table for people. */
export function tableOf(scenarios) {
  const head = ['scenario', 'at once', 'metric', 'ours', 'counterpart', 'ratio', 'target', '']
  const lines = scenarios.map(one => [
    one.name,
    String(one.concurrency),
    one.unit === undefined ? one.metric : `${one.metric}, ${one.unit}`,
    show(one.value),
    [one.bare ?? one.peer, one.counterpart]
      .filter(part => part !== undefined)
      .map(show)
      .join(' '),
    show(one.ratio),
    one.target ?? '',
    one.met === undefined ? '' : one.met ? 'met' : 'MISSED',
  ])
  const widths = head.map((title, at) => Math.max(title.length, ...lines.map(line => line[at].length)))
  const write = line =>
    line
      .map((cell, at) => cell.padEnd(widths[at]))
      .join('  ')
      .trimEnd()
  return [head, ...lines].map(write).join('\n')
}

function show(value) {
  return value === undefined ? '' : String(value)
}

/** Four figures say all that a measurement knows. */
function round(value) {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : null
}
