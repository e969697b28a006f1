#!/usr/bin/env bash
# @opentelemetry/exporter-prometheus 0.223.0: one counter has two attributes whose names differ in a dot: `tenant.id` and `tenant_id`, as when a
# library and the application each name what they know. Another counter has nothing to do with it.
#
# One would guess: both names become `tenant_id`, so the exporter joins the values (OpenTelemetry's rules for Prometheus say: with a semicolon) or keeps
# one of them.
# Seen: the line has the label `tenant_id` twice. That is no valid page: promtool (2.42, used here where it is on PATH) refuses it with "duplicate label
# names", and the unrelated counter goes with it, since a page is read whole or not at all.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund @opentelemetry/api@1.9.1 @opentelemetry/sdk-metrics@2.12.1 @opentelemetry/exporter-prometheus@0.223.0 >/dev/null 2>&1
cat > play.mjs <<'JS'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'

const exporter = new PrometheusExporter({ preventServerStart: true })
const meter = new MeterProvider({ readers: [exporter] }).getMeter('play')
meter.createCounter('calls').add(1, { 'tenant.id': 'a', tenant_id: 'b' })
meter.createCounter('starts').add(1)
console.log(await new Promise(resolve => exporter.getMetricsRequestHandler({}, { setHeader() {}, end: resolve })))
JS
node play.mjs > page
grep '^calls_total' page
grep -q '^calls_total{tenant_id="[ab]",tenant_id="[ab]"' page
if command -v promtool >/dev/null; then
  if promtool check metrics < page > verdict 2>&1; then exit 1; fi
  cat verdict
  grep -q 'duplicate label names' verdict
fi
