{{/* Names, labels, addresses and the parts that every pod shares. Nothing here fails: see validate.yaml. */}}

{{- define "alex.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* 50 characters leave room for the longest "-<component>" within the 63 of a DNS label. */}}
{{- define "alex.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "alex.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "alex.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Takes (dict "root" $ "component" "agent"), as do all helpers that say "component". */}}
{{- define "alex.selectorLabels" -}}
app.kubernetes.io/name: {{ include "alex.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "alex.labels" -}}
{{ include "alex.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: alex
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}

{{- define "alex.image" -}}
{{- with .root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- $values := .root.Values.image -}}
alex-{{ .component }}{{ include "alex.imageVersion" (dict "tag" ($values.tag | default .root.Chart.AppVersion) "digest" (index $values.digests .component)) }}
{{- end -}}

{{/* A digest stands instead of the tag: not every container runtime takes a name with both. (dict "tag" TAG "digest" DIGEST) */}}
{{- define "alex.imageVersion" -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end -}}
{{- end -}}

{{/* What Pod Security "restricted" asks of a pod. fsGroup lets the program, which is not root, read its mounted keys. */}}
{{- define "alex.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What Pod Security "restricted" asks of a container, and a read-only root beside it. */}}
{{- define "alex.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Where pods may run, and before which others, from the values of a component. */}}
{{- define "alex.scheduling" -}}
{{- $values := index .root.Values .component -}}
{{- with $values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* How the pods of a component spread: as its values say, else over nodes where that is possible, for a full one must not stop a new pod. */}}
{{- define "alex.spread" -}}
{{- $selector := dict "matchLabels" (include "alex.selectorLabels" . | fromYaml) -}}
{{- $builtIn := dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway" -}}
{{- range (index .root.Values .component).topologySpreadConstraints | default (list $builtIn) }}
- {{ merge (dict "labelSelector" $selector) . | toYaml | indent 2 | trim }}
{{- end -}}
{{- end -}}

{{- define "alex.livekitSecretName" -}}
{{- .Values.livekit.existingSecret | default (printf "%s-livekit" (include "alex.fullname" .)) -}}
{{- end -}}

{{/* Name of the Secret with the second key pair; empty when there is none. */}}
{{- define "alex.secondLivekitSecretName" -}}
{{- with .Values.livekit.second -}}
{{- if .existingSecret -}}
{{- .existingSecret -}}
{{- else if .apiSecret -}}
{{ include "alex.fullname" $ }}-livekit-second
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The files of both key pairs, as sources of the projected volume at /etc/alex/keys. */}}
{{- define "alex.livekitKeyFiles" -}}
{{- range $prefix, $secret := dict "" (include "alex.livekitSecretName" .) "ALEX_SECOND_" (include "alex.secondLivekitSecretName" .) -}}
{{- if $secret }}
{{- range $key := list "LIVEKIT_API_KEY" "LIVEKIT_API_SECRET" }}
{{ include "alex.keyFile" (dict "secret" $secret "key" $key "file" (printf "%s%s" $prefix $key)) }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The LiveKit secret: the value, else what the cluster already holds, else 48 random characters. It is decided once per
render and kept in the values, so that the Secret and the checksums of the pods agree and a no-op upgrade restarts nothing.
*/}}
{{- define "alex.livekitApiSecret" -}}
{{- if not .Values.livekit.decidedApiSecret -}}
{{- $held := (lookup "v1" "Secret" .Release.Namespace (printf "%s-livekit" (include "alex.fullname" .))).data | default dict -}}
{{- $secret := .Values.livekit.apiSecret | default (get $held "LIVEKIT_API_SECRET" | b64dec) | default (randAlphaNum 48) -}}
{{- $_ := set .Values.livekit "decidedApiSecret" $secret -}}
{{- end -}}
{{- .Values.livekit.decidedApiSecret -}}
{{- end -}}

{{/* Changes when a LiveKit key pair changes, so that pods which read it at start are replaced. */}}
{{- define "alex.livekitSecretChecksum" -}}
{{- $first := .Values.livekit.existingSecret | default (printf "%s:%s" .Values.livekit.apiKey (include "alex.livekitApiSecret" .)) -}}
{{- with .Values.livekit.second -}}
{{- if include "alex.secondLivekitSecretName" $ -}}
{{- printf "%s %s" $first (.existingSecret | default (printf "%s:%s" .apiKey .apiSecret)) | sha256sum -}}
{{- else -}}
{{- $first | sha256sum -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* "true" when this release runs several LiveKit nodes. */}}
{{- define "alex.severalLivekit" -}}
{{- if and .Values.livekit.enabled (gt (int .Values.livekit.replicas) 1) }}true{{ end -}}
{{- end -}}

{{/* Where LiveKit nodes reach Redis; empty without one. */}}
{{- define "alex.redisAddress" -}}
{{- if .Values.redis.enabled -}}
{{ include "alex.fullname" . }}-redis:6379
{{- else -}}
{{- .Values.redis.address -}}
{{- end -}}
{{- end -}}

{{/* Name of the Secret that holds its password; empty when there is none. */}}
{{- define "alex.redisSecretName" -}}
{{- if .Values.redis.existingSecret -}}
{{- .Values.redis.existingSecret -}}
{{- else if or .Values.redis.enabled .Values.redis.password -}}
{{ include "alex.fullname" . }}-redis
{{- end -}}
{{- end -}}

{{/* The password: the value, else, for the bundled Redis, one that is generated and kept as the LiveKit secret is. */}}
{{- define "alex.redisPassword" -}}
{{- if not .Values.redis.decidedPassword -}}
{{- $held := (lookup "v1" "Secret" .Release.Namespace (printf "%s-redis" (include "alex.fullname" .))).data | default dict -}}
{{- $password := .Values.redis.password | default (get $held "REDIS_PASSWORD" | b64dec) | default (randAlphaNum 48) -}}
{{- $_ := set .Values.redis "decidedPassword" $password -}}
{{- end -}}
{{- .Values.redis.decidedPassword -}}
{{- end -}}

{{/* Changes when the password changes, so that pods which read it at start are replaced. */}}
{{- define "alex.redisSecretChecksum" -}}
{{- .Values.redis.existingSecret | default (include "alex.redisPassword" .) | sha256sum -}}
{{- end -}}

{{/* Name of the Secret that holds the access code; empty when everybody may call, or whoever your login knows. */}}
{{- define "alex.accessCodeSecretName" -}}
{{- with .Values.web.signIn -}}
{{- if .existingSecret -}}
{{- .existingSecret -}}
{{- else if .accessCode -}}
{{ include "alex.fullname" $ }}-web
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Where pods reach LiveKit. */}}
{{- define "alex.livekitUrl" -}}
{{- if .Values.livekit.enabled -}}
ws://{{ include "alex.fullname" . }}-livekit:7880
{{- else -}}
{{- .Values.livekit.url -}}
{{- end -}}
{{- end -}}

{{/* Where browsers reach LiveKit: handed out with every token. */}}
{{- define "alex.publicLivekitUrl" -}}
{{- with .Values.livekit -}}
{{- if .publicUrl -}}
{{- .publicUrl -}}
{{- else if not .enabled -}}
{{- .url -}}
{{- else if $.Values.gateway.enabled -}}
wss://{{ $.Values.gateway.host }}
{{- else if eq .exposure "portForward" -}}
ws://localhost:7880
{{- else if .ingress.enabled -}}
{{ ternary "wss" "ws" (not (empty .ingress.tlsSecretName)) }}://{{ .ingress.host }}
{{- else -}}
{{- $nodePort := and (eq .exposure "address") (eq .service.type "NodePort") -}}
ws://{{ ternary (printf "[%s]" .address) .address (contains ":" .address) }}:{{ ternary .service.nodePorts.signal 7880 $nodePort }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* "true" when calls can need the offline voice. */}}
{{- define "alex.offlineNeeded" -}}
{{- if or (eq .Values.voice "offline") (ne .Values.offline.fallback "none") }}true{{ end -}}
{{- end -}}

{{/* "true" when this release runs the offline voice itself. */}}
{{- define "alex.offlineRuns" -}}
{{- if and .Values.offline.enabled (include "alex.offlineNeeded" .) }}true{{ end -}}
{{- end -}}

{{/* "true" when agents tell Kubernetes how busy they are: without the policy that fences it in only where that is said explicitly. */}}
{{- define "alex.deletionCost" -}}
{{- with .Values.agent.deletionCost -}}
{{- if and .enabled (or .policy .withoutPolicy) }}true{{ end -}}
{{- end -}}
{{- end -}}

{{/* How fast agent pods come and go, whichever engine says how many there should be. */}}
{{- define "alex.agentScalingBehavior" -}}
scaleUp:
  # Callers wait for a slot, so there is no reason to hesitate; a pod needs about ten seconds to be ready.
  stabilizationWindowSeconds: 0
scaleDown:
  stabilizationWindowSeconds: {{ .Values.agent.autoscaling.scaleDownAfterSeconds }}
  policies:
    # One pod a minute: its calls have to end before it does, and a lull between calls must not empty the fleet.
    - type: Pods
      value: 1
      periodSeconds: 60
{{- end -}}

{{/* Environment that every program of Alex reads. */}}
{{- define "alex.commonEnv" -}}
- name: ALEX_LOG_LEVEL
  value: {{ .Values.logLevel | quote }}
- name: ALEX_LOG_FORMAT
  value: {{ .Values.logFormat | quote }}
- name: ALEX_OPS_HOST
  value: "0.0.0.0" # probes and Prometheus come from outside the pod
- name: ALEX_OPS_PORT
  value: "9090"
- name: TMPDIR
  value: /tmp
{{- end -}}

{{/* Environment of the programs that talk to LiveKit. */}}
{{- define "alex.livekitEnv" -}}
- name: LIVEKIT_URL
  value: {{ include "alex.livekitUrl" . | quote }}
- name: LIVEKIT_API_KEY_FILE
  value: /etc/alex/keys/LIVEKIT_API_KEY
- name: LIVEKIT_API_SECRET_FILE
  value: /etc/alex/keys/LIVEKIT_API_SECRET
{{- if include "alex.secondLivekitSecretName" . }}
- name: ALEX_SECOND_LIVEKIT_API_KEY_FILE
  value: /etc/alex/keys/ALEX_SECOND_LIVEKIT_API_KEY
- name: ALEX_SECOND_LIVEKIT_API_SECRET_FILE
  value: /etc/alex/keys/ALEX_SECOND_LIVEKIT_API_SECRET
{{- end }}
- name: ALEX_AGENT_NAME
  value: {{ .Values.agent.name | quote }}
{{- end -}}

{{/* One source of the projected volume at /etc/alex/keys: (dict "secret" NAME "key" KEY "file" NAME). */}}
{{- define "alex.keyFile" -}}
- secret:
    name: {{ .secret | quote }}
    items:
      - key: {{ .key | quote }}
        path: {{ .file }}
{{- end -}}
