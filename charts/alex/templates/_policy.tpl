{{/*
Parts of the network policies; each component has one, in its folder, with the reasons for its rules. Ports are numbers, because not
every network plugin knows the names of ports of other pods. Answers need no rule: a policy is about who opens a connection.
*/}}

{{/* What is equal in all of them, up to the rules: (dict "root" $ "component" "agent"). */}}
{{- define "alex.policyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "alex.fullname" .root }}-{{ .component }}
  labels:
    {{- include "alex.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "alex.selectorLabels" . | nindent 6 }}
  # Both, also where a list of rules is empty: then nothing comes or goes.
  policyTypes: [Ingress, Egress]
{{- end -}}

{{/* One peer: the pods of a component. */}}
{{- define "alex.policyPods" -}}
- podSelector:
    matchLabels:
      {{- include "alex.selectorLabels" . | nindent 6 }}
{{- end -}}

{{/* A rule by which figures are read from a port: (dict "root" $ "port" 9090). */}}
{{- define "alex.policyFigures" -}}
# Figures and what autoscalers ask for.
- from:
    - namespaceSelector:
        {{- with .root.Values.networkPolicy.operators }}
        matchExpressions:
          - {key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}
        {{- else }} {}
        {{- end }}
  ports:
    - {protocol: TCP, port: {{ .port }}}
{{- end -}}

{{/* A rule by which `helm test` looks for its call in the figures, also where operators are named. */}}
{{- define "alex.policyTest" -}}
# `helm test` looks whether its call is in them.
- from:
    {{- include "alex.policyPods" (dict "root" . "component" "caller") | nindent 4 }}
  ports:
    - {protocol: TCP, port: 9090}
{{- end -}}

{{/* Who calls: everybody, or whom the values name and our own pods. Takes (dict "root" $ "own" (list "agent")); gives the "from" of a rule. */}}
{{- define "alex.policyCallers" -}}
{{- with .root.Values.networkPolicy.callers -}}
from:
  {{- toYaml . | nindent 2 }}
  {{- range $component := $.own }}
  {{- include "alex.policyPods" (dict "root" $.root "component" $component) | nindent 2 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "alex.policyNames" -}}
# Names: the resolver may be a pod, a process of the node or neither, so at any address.
- ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end -}}

{{/* The port of an address, such as "https://example.com/path": the one it names, else that of its scheme. */}}
{{- define "alex.portOf" -}}
{{- $authority := regexFind "^[a-z]+://[^/?#]+" . -}}
{{- regexFind ":[0-9]+$" $authority | trimPrefix ":" | default (ternary "443" "80" (regexMatch "^(https|wss):" .)) -}}
{{- end -}}

{{/* A rule for TCP ports at any address: of the addresses given, and of networkPolicy.egressPorts. (dict "root" $ "addresses" LIST) */}}
{{- define "alex.policyElsewhere" -}}
{{- $ports := list -}}
{{- range .addresses -}}
{{- $ports = append $ports (include "alex.portOf" . | int) -}}
{{- end -}}
{{- with concat $ports .root.Values.networkPolicy.egressPorts | uniq }}
- ports:
    {{- range . }}
    - {protocol: TCP, port: {{ int . }}}
    {{- end }}
{{- end -}}
{{- end -}}

{{/* Rules by which a participant of calls reaches LiveKit: signalling and media. */}}
{{- define "alex.policyLivekit" -}}
{{- $livekit := .Values.livekit -}}
{{- if not $livekit.enabled -}}
# Somebody else's LiveKit: signalling where it is, media wherever it says.
- ports:
    - {protocol: TCP, port: {{ include "alex.portOf" $livekit.url }}}
    - {protocol: UDP}
{{- else -}}
{{- if eq $livekit.exposure "hostNetwork" -}}
# Our LiveKit, which is in its nodes' network: an address that no selector knows.
- ports:
{{- else -}}
# Our LiveKit: its pods, and the address that it tells for media, because some plugins look before the Service leads from there to the pods.
- to:
    {{- include "alex.policyPods" (dict "root" . "component" "livekit") | nindent 4 }}
    {{- with $livekit.address }}
    - ipBlock:
        cidr: {{ . }}/{{ ternary 128 32 (contains ":" .) }}
    {{- end }}
  ports:
{{- end }}
    - {protocol: TCP, port: 7880}
    {{- include "alex.policyMediaPorts" . | trim | nindent 4 }}
{{- end -}}
{{- end -}}

{{/* The media ports of all our LiveKit servers. */}}
{{- define "alex.policyMediaPorts" -}}
{{- $several := and (eq .Values.livekit.exposure "address") (gt (int .Values.livekit.replicas) 1) -}}
{{- range $node := until (ternary (int .Values.livekit.replicas) 1 $several) }}
{{- $ports := include "alex.livekitMediaPorts" (dict "root" $ "node" $node) | fromYaml }}
- {protocol: TCP, port: {{ $ports.tcp }}}
- {protocol: UDP, port: {{ $ports.udp }}}
{{- end -}}
{{- end -}}

{{/* A rule by which Redis is reached, where there is one. */}}
{{- define "alex.policyRedis" -}}
{{- if .Values.redis.enabled -}}
# Where servers find each other, and web counts.
- to:
    {{- include "alex.policyPods" (dict "root" . "component" "redis") | nindent 4 }}
  ports:
    - {protocol: TCP, port: 6379}
{{- else if .Values.redis.address -}}
# Your Redis.
- ports:
    - {protocol: TCP, port: {{ regexFind "[0-9]+$" .Values.redis.address }}}
{{- end -}}
{{- end -}}
