import * as common from '@grafana/grafana-foundation-sdk/common'
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus'
import * as stat from '@grafana/grafana-foundation-sdk/stat'
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries'

const source = { type: 'prometheus', uid: '${source}' }

/** A query with the name of its line. `$__rate_interval` is Grafana's own. */
export function query(expression, legend) {
  return { expression, legend }
}

function targetsOf(queries) {
  return queries.map(({ expression, legend }, index) =>
    new prometheus.DataqueryBuilder()
      .refId(String.fromCodePoint(65 + index))
      .datasource(source)
      .expr(expression)
      .legendFormat(legend)
      .exemplar(expression.includes('_bucket'))
      .range(),
  )
}

/** Lines over time. `stack` piles them up; the description says what to make of them. */
export function lines(title, unit, description, queries, { stack = false, span = 12 } = {}) {
  let panel = new timeseries.PanelBuilder()
    .title(title)
    .description(description)
    .datasource(source)
    .unit(unit)
    .min(0)
    .span(span)
    .height(8)
    .fillOpacity(stack ? 30 : 0)
    .showPoints(common.VisibilityMode.Never)
  if (stack) panel = panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'))
  for (const target of targetsOf(queries)) panel = panel.withTarget(target)
  return panel
}

/** One number, with what it has been. */
export function number(title, unit, description, expression) {
  let panel = new stat.PanelBuilder()
    .title(title)
    .description(description)
    .datasource(source)
    .unit(unit)
    .span(6)
    .height(5)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .graphMode(common.BigValueGraphMode.Area)
  for (const target of targetsOf([query(expression, '')])) panel = panel.withTarget(target)
  return panel
}

/** A dashboard out of rows: `[title, panels]`. */
export function board(uid, title, description, rows) {
  let built = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['sluice'])
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .timezone('browser')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .withVariable(new dashboard.DatasourceVariableBuilder('source').label('Prometheus').type('prometheus'))
    .link(
      new dashboard.DashboardLinkBuilder('Sluice')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags(['sluice'])
        .asDropdown(true),
    )
  for (const [name, panels] of rows) {
    built = built.withRow(new dashboard.RowBuilder(name))
    for (const panel of panels) built = built.withPanel(panel)
  }
  return built.build()
}

/** Per-second rate of a counter, summed by labels. */
export function rate(metric, labels = '', by = '') {
  return `sum ${by === '' ? '' : `by (${by}) `}(rate(${metric}${labels === '' ? '' : `{${labels}}`}[$__rate_interval]))`
}

/** Quantile of a histogram, by labels. */
export function quantile(share, metric, by = '', labels = '') {
  const groups = by === '' ? 'le' : `le, ${by}`
  return `histogram_quantile(${share}, sum by (${groups}) (rate(${metric}_bucket${labels === '' ? '' : `{${labels}}`}[$__rate_interval])))`
}
