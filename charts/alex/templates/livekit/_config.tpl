{{/* The media ports of one LiveKit server, the node-th: (dict "root" $ "node" 0). Candidates name them literally. */}}
{{- define "alex.livekitMediaPorts" -}}
{{- with .root.Values.livekit -}}
{{- if and (eq .exposure "address") (eq .service.type "NodePort") -}}
tcp: {{ add .service.nodePorts.tcp (mul 2 $.node) }}
udp: {{ add .service.nodePorts.udp (mul 2 $.node) }}
{{- else -}}
tcp: 7881
udp: 7882
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Its configuration, from the same, with the names of keys instead of them: see _keys.tpl. What else can stand in it is in
https://github.com/livekit/livekit/blob/master/config-sample.yaml
*/}}
{{- define "alex.livekitConfig" -}}
{{- $ports := include "alex.livekitMediaPorts" . | fromYaml -}}
{{- with .root -}}
port: 7880
keys:
  ${LIVEKIT_API_KEY}: ${LIVEKIT_API_SECRET}
  {{- if include "alex.secondLivekitSecretName" . }}
  ${ALEX_SECOND_LIVEKIT_API_KEY}: ${ALEX_SECOND_LIVEKIT_API_SECRET}
  {{- end }}
prometheus:
  port: 6789
rtc:
  # One port for all media. Candidates name these numbers literally, so a NodePort has to be the configured port.
  tcp_port: {{ $ports.tcp }}
  udp_port: {{ $ports.udp }}
  {{- if .Values.livekit.address }}
  # Browsers and agents both come to this address.
  node_ip: {{ .Values.livekit.address | quote }}
  {{- else if eq .Values.livekit.exposure "portForward" }}
  # A port-forward dials 127.0.0.1 inside the pod, so that candidate must exist; a node_ip here would lock the agents out.
  enable_loopback_candidate: true
  {{- end }}
  use_external_ip: false
  # An empty list means a public STUN server, for this server and for every caller. Nothing listens here, and nothing leaves.
  stun_servers: ["127.0.0.1:3478"]
{{- if .Values.livekit.turn.enabled }}
{{ include "alex.livekitTurn" . }}
{{- end }}
room:
  # Only web creates rooms, each with its agent.
  auto_create: false
  # A token that nobody uses must not hold a slot; the same patience for the last caller who dropped out.
  empty_timeout: 20
  departure_timeout: 20
agents:
  # No agent reports more than 0.65: a full one is asked, says no, and the server asks the next.
  target_load: 0.7
webhook:
  # Tells web at once what it otherwise finds by looking every five seconds.
  api_key: ${LIVEKIT_API_KEY}
  urls: ["http://{{ include "alex.fullname" . }}-web:8080/api/livekit"]
{{- if include "alex.redisAddress" . }}
redis:
  # Where the nodes find each other, and any of them the node that has a room.
  address: {{ include "alex.redisAddress" . | quote }}
  {{- if include "alex.redisSecretName" . }}
  password: ${REDIS_PASSWORD}
  {{- end }}
  {{- if .Values.redis.tls }}
  tls:
    enabled: true
  {{- end }}
signal_relay:
  # Redis may be away for so long (a pod is replaced in less) before calls lose their signalling, and with it their rooms. And the
  # death of a node is noticed after so long by those who signal through another one, so it is no longer.
  retry_timeout: 15s
node_selector:
  # A new room goes to the node with the fewest; without this to any.
  kind: any
  sort_by: rooms
{{- end }}
logging:
  level: {{ ternary "warn" .Values.logLevel (eq .Values.logLevel "warning") }}
  json: {{ eq .Values.logFormat "json" }}
{{- end -}}
{{- end -}}

{{/* The configurations of all servers, by the file that each reads, as JSON. */}}
{{- define "alex.livekitConfigs" -}}
{{- if eq (int .Values.livekit.replicas) 1 -}}
{{- dict "config.yaml" (include "alex.livekitConfig" (dict "root" . "node" 0)) | toRawJson -}}
{{- else -}}
{{- /* One for each pod, by its name: they differ in their ports. */ -}}
{{- $files := dict -}}
{{- range $node := until (int .Values.livekit.replicas) -}}
{{- $_ := set $files (printf "%s-livekit-%d.yaml" (include "alex.fullname" $) $node) (include "alex.livekitConfig" (dict "root" $ "node" $node)) -}}
{{- end -}}
{{- toRawJson $files -}}
{{- end -}}
{{- end -}}

{{/* "true" when a key that a server reads is in an existing Secret. */}}
{{- define "alex.livekitKeysElsewhere" -}}
{{- $redis := and (include "alex.redisAddress" .) .Values.redis.existingSecret -}}
{{- if or .Values.livekit.existingSecret .Values.livekit.second.existingSecret $redis }}true{{ end -}}
{{- end -}}

{{/* Its keys by the names that they have in the configuration, as JSON; none when some are elsewhere. */}}
{{- define "alex.livekitKeys" -}}
{{- $keys := dict -}}
{{- if not (include "alex.livekitKeysElsewhere" .) -}}
{{- $keys = dict "LIVEKIT_API_KEY" .Values.livekit.apiKey "LIVEKIT_API_SECRET" (include "alex.livekitApiSecret" .) -}}
{{- with .Values.livekit.second -}}
{{- $_ := merge $keys (dict "ALEX_SECOND_LIVEKIT_API_KEY" .apiKey "ALEX_SECOND_LIVEKIT_API_SECRET" .apiSecret) -}}
{{- end -}}
{{- if and (include "alex.redisAddress" .) (include "alex.redisSecretName" .) -}}
{{- $_ := set $keys "REDIS_PASSWORD" (include "alex.redisPassword" .) -}}
{{- end -}}
{{- end -}}
{{- toRawJson $keys -}}
{{- end -}}
