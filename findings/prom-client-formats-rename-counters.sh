#!/usr/bin/env bash
# prom-client 15.1.3, one registry that is scraped in both formats that it knows, as `Accept` asks for them.
#
# One would guess: setContentType chooses how a page is written, and the next page in the other format is what it would have been.
# Seen: the first page of OpenMetrics takes `_total` off the counters' own names for good. Every page of the text format after it says
# `calls 1` where the one before said `calls_total 1`, so whoever scrapes the text format loses all counters from the moment that
# somebody else has asked for OpenMetrics once. A page of OpenMetrics is not harmed by pages of text.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-save --ignore-scripts --no-audit --no-fund prom-client@15.1.3 >/dev/null 2>&1
cat > finding.cjs <<'JS'
const { Counter, Registry } = require('prom-client')
const registry = new Registry()
new Counter({ name: 'calls_total', help: 'Calls.', registers: [registry] }).inc()
const samples = async type => {
  registry.setContentType(type)
  return (await registry.metrics()).split('\n').filter(line => line && !line.startsWith('#'))
}
const main = async () => {
  const before = await samples(Registry.PROMETHEUS_CONTENT_TYPE)
  const open = await samples(Registry.OPENMETRICS_CONTENT_TYPE)
  const after = await samples(Registry.PROMETHEUS_CONTENT_TYPE)
  console.log('text before:', before, ' OpenMetrics:', open, ' text after:', after)
  const same = before[0] === 'calls_total 1' && open[0] === 'calls_total 1' && after[0] === 'calls 1'
  process.exit(same ? 0 : 1)
}
main()
JS
node finding.cjs
