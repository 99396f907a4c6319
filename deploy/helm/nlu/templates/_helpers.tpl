{{- define "nlu.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "nlu.labels" -}}
app.kubernetes.io/part-of: nlu
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "nlu.pod" -}}
automountServiceAccountToken: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
volumes:
  - {name: tmp, emptyDir: {}}
  {{- with .service.volumes }}{{ toYaml . | nindent 2 }}{{- end }}
{{- end }}

{{- define "nlu.container" -}}
image: {{ include "nlu.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  {{- with .service.volumeMounts }}{{ toYaml . | nindent 2 }}{{- end }}
env:
{{- $root := .root }}
{{- range $name, $value := .service.settings }}
{{- with tpl (toString $value) $root }}
  - {name: {{ $name }}, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{/* Where people open a service: "nluLogger" or "induction"; nothing without an ingress. */}}
{{- define "nlu.pages" -}}
{{- with .root.Values.ingress }}
{{- if .enabled }}{{ ternary "https" "http" (not (empty .tls)) }}://{{ index .hosts $.service }}{{ end }}
{{- end }}
{{- end }}
