{{/* The configuration: the one that ships with the software, what a cluster needs put over it, and `config` over both. */}}
{{- define "sluice.config" -}}
{{- $shipped := .Files.Get "files/sluice.yaml" | required "the chart lacks its files: run `npm run build`, or install what `npm run package-chart` writes" -}}
{{- $config := $shipped | fromYaml -}}
{{- $cluster := dict
  "listen" (dict "grpc" "0.0.0.0:50051" "http" "0.0.0.0:8080" "ops" "0.0.0.0:9464" "workerOps" "0.0.0.0:9465")
  "redis" (dict "url" "${REDIS_URL}")
  "auth" (dict "anonymousScopes" (list "infer"))
  "packs" (dict "folder" "/var/cache/sluice")
  "log" (dict "requests" true)
  "limits" (dict "drainMs" (mul 1000 (.Values.terminationSeconds | int)))
  "traces" (dict "otlpUrl" .Values.traces.otlpUrl "sampleRatio" .Values.traces.sampleRatio)
-}}
{{- $config = mergeOverwrite $config $cluster -}}
{{- /* Whole maps of the user's replace those that ship: a ladder of one's own is not mixed with the default one. */ -}}
{{- range $key, $value := .Values.config -}}
{{- if has $key (list "pools" "models" "ladders") -}}
{{- $_ := set $config $key $value -}}
{{- else if kindIs "map" $value -}}
{{- $_ := set $config $key (mergeOverwrite (index $config $key | default dict) $value) -}}
{{- else -}}
{{- $_ := set $config $key $value -}}
{{- end -}}
{{- end -}}
{{- range $name, $pool := .Values.pools -}}
{{- if and $pool.coldStartSeconds (hasKey $config.pools $name) -}}
{{- $_ := set (index $config.pools $name) "coldStartMs" (mul 1000 (int $pool.coldStartSeconds)) -}}
{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* Environment of every process that reads the configuration. */}}
{{- define "sluice.env" -}}
- name: SLUICE_CONFIG
  value: /etc/sluice/sluice.yaml
- name: NODE_ENV
  value: production
- name: XDG_CACHE_HOME
  value: /var/cache
- name: XDG_STATE_HOME
  value: /tmp
{{- if .Values.redis.bundled.enabled }}
{{- with .Values.redis.bundled.passwordSecret.name }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $.Values.redis.bundled.passwordSecret.key }}
{{- end }}
- name: REDIS_URL
  value: redis://{{ if .Values.redis.bundled.passwordSecret.name }}:$(REDIS_PASSWORD)@{{ end }}{{ include "sluice.fullname" . }}-redis:6379
{{- else }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ required "redis.external.urlSecret.name is needed when redis.bundled.enabled is false" .Values.redis.external.urlSecret.name }}
      key: {{ .Values.redis.external.urlSecret.key }}
{{- end }}
{{- range .Values.secretEnv }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secretName }}
      key: {{ .secretKey }}
{{- end }}
{{- end -}}

{{/* Pod Security "restricted". */}}
{{- define "sluice.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "sluice.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "sluice.mounts" -}}
- name: config
  mountPath: /etc/sluice
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- if .Values.tls.secretName }}
- name: tls
  mountPath: {{ .Values.tls.mountPath }}
  readOnly: true
{{- end }}
{{- with .Values.policies.existingClaim }}
- name: policies
  mountPath: {{ $.Values.policies.mountPath }}
  readOnly: true
{{- end }}
{{- end -}}

{{- define "sluice.volumes" -}}
- name: config
  configMap:
    name: {{ default (printf "%s-config" (include "sluice.fullname" .)) .Values.existingConfigMap }}
- name: tmp
  emptyDir:
    sizeLimit: 1Gi
{{- if .Values.tls.secretName }}
- name: tls
  secret:
    secretName: {{ .Values.tls.secretName }}
    defaultMode: 0440
{{- end }}
{{- with .Values.policies.existingClaim }}
- name: policies
  persistentVolumeClaim:
    claimName: {{ . }}
    readOnly: true
{{- end }}
{{- end -}}
