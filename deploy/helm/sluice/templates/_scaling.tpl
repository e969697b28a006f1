{{/* What picks this release's routers out of everything that Prometheus scrapes. */}}
{{- define "sluice.routerMatcher" -}}
namespace={{ .Release.Namespace | quote }},job="{{ include "sluice.fullname" . }}-router"
{{- end -}}

{{/* Legs at once that one worker of a pool runs, by the configuration. */}}
{{- define "sluice.workerCapacity" -}}
{{- $config := include "sluice.config" .root | fromYaml -}}
{{- $pool := index $config.pools .pool | default dict -}}
{{- $batch := $pool.batch | default dict -}}
{{- mul (int (default 2 $pool.concurrency)) (int (default 1 $batch.maxSize)) -}}
{{- end -}}

{{/* Seconds of the shortest window that rules and queries may ask about: four scrapes, and at least a minute. */}}
{{- define "sluice.windowSeconds" -}}
{{- $interval := .Values.monitoring.interval -}}
{{- $seconds := trimSuffix "s" $interval -}}
{{- if hasSuffix "m" $interval }}{{ $seconds = mul 60 (trimSuffix "m" $interval | int) }}{{ end -}}
{{- max 60 (mul 4 (int $seconds)) -}}
{{- end -}}

{{/* Rules with windows of at least four scrapes. */}}
{{- define "sluice.rules" -}}
{{- $window := include "sluice.windowSeconds" .root | int -}}
{{- $text := .text -}}
{{- range $name, $seconds := dict "1m" 60 "2m" 120 "5m" 300 "10m" 600 -}}
{{- if lt (int $seconds) $window }}{{ $text = replace (printf "[%s]" $name) (printf "[%ds]" $window) $text }}{{ end -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{/*
Demand of a pool over the next minute, in seconds of model time: what waits, what runs and goes on running, and what was wanted in the
last minute and refused for want of workers. Every router tells the same of the queue, so the largest is taken; refusals are each router's own.
*/}}
{{- define "sluice.demandQuery" -}}
{{- $matcher := printf "%s,pool=%s" (include "sluice.routerMatcher" .root) (quote .pool) -}}
max(sluice_router_pool_backlog_seconds{ {{- $matcher -}} }) + 60 * max(sluice_router_pool_running_legs{ {{- $matcher -}} }) + 60 * sum(rate(sluice_router_pool_refused_seconds_total{ {{- $matcher -}} }[{{ include "sluice.windowSeconds" .root }}s]))
{{- end -}}
