{{/* What routers and workers may reach: names, Redis, the receiver of traces. */}}
{{- define "sluice.commonEgress" -}}
- ports:
    - { port: 53, protocol: UDP }
    - { port: 53, protocol: TCP }
{{- if .Values.redis.bundled.enabled }}
- ports:
    - port: 6379
  to:
    - podSelector:
        matchLabels: {{- include "sluice.selector" (dict "root" . "component" "redis") | nindent 10 }}
{{- else }}
- ports:
    - port: {{ .Values.redis.external.port }}
{{- end }}
{{- if .Values.traces.otlpUrl }}
- ports:
    - port: {{ .Values.traces.port }}
{{- end }}
{{- end -}}
