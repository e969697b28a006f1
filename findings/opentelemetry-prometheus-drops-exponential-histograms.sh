#!/usr/bin/env bash
# @opentelemetry/sdk-metrics 2.12.1 and @opentelemetry/exporter-prometheus 0.223.0: `gen_ai.client.operation.duration` is a histogram, and a view gives it
# the exponential aggregation, which needs no list of bounds. Twenty values are recorded.
#
# One would guess: the exporter writes classic buckets at the bounds of the exponential ones, or says (an error, a diagnostic line) that it cannot.
# Seen: the page has the metric's HELP and TYPE (`untyped`) and no sample at all: no bucket, no sum, no count. The diagnostic logger, at its finest level,
# says nothing of it. The same values under the default aggregation are written. So one view takes every duration off the dashboards in silence.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund @opentelemetry/api@1.9.1 @opentelemetry/sdk-metrics@2.12.1 @opentelemetry/exporter-prometheus@0.223.0 >/dev/null 2>&1
cat > play.mjs <<'JS'
import { diag, DiagLogLevel } from '@opentelemetry/api'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { AggregationType, MeterProvider } from '@opentelemetry/sdk-metrics'

const said = []
const note = (...words) => said.push(words.join(' '))
diag.setLogger({ error: note, warn: note, info: note, debug: note, verbose: note }, DiagLogLevel.ALL)
const name = 'gen_ai.client.operation.duration'

async function pageOf(views) {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const provider = new MeterProvider({ readers: [exporter], views })
  const duration = provider.getMeter('play').createHistogram(name, { unit: 's' })
  for (let call = 1; call <= 20; call += 1) duration.record(call / 10)
  return new Promise(resolve => exporter.getMetricsRequestHandler({}, { setHeader() {}, end: resolve }))
}
const samples = page => page.split('\n').filter(line => line.startsWith('gen_ai')).length
const usual = await pageOf([])
said.length = 0
const exponential = await pageOf([{ instrumentName: name, aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }])
const warned = said.filter(line => /histogram|unsupported|drop/iu.test(line))
console.log(`samples: ${samples(usual)} by default, ${samples(exponential)} exponential; diagnostics about it: ${warned.length}`)
console.log(exponential.split('\n').filter(line => line.includes('gen_ai')).join('\n'))
process.exit(samples(usual) > 2 && samples(exponential) === 0 && exponential.includes('untyped') && warned.length === 0 ? 0 : 1)
JS
node play.mjs
