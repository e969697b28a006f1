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

{{/*
Demand of a pool over the next minute, in seconds of model time: what waits, what runs and goes on running, and what was wanted in the
last minute and refused for want of workers. Every router tells the same of the queue, so the largest is taken; refusals are each router's own.
*/}}
{{- define "sluice.demandQuery" -}}
{{- $matcher := printf "%s,pool=%s" (include "sluice.routerMatcher" .root) (quote .pool) -}}
max(sluice_router_pool_backlog_seconds{ {{- $matcher -}} }) + 60 * max(sluice_router_pool_running_legs{ {{- $matcher -}} }) + sum(increase(sluice_router_pool_refused_seconds_total{ {{- $matcher -}} }[1m]))
{{- end -}}
