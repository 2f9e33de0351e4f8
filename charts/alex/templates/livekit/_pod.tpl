{{/* The pod of a LiveKit server, in a Deployment while there is one and in a StatefulSet when there are several. */}}
{{- define "alex.livekitPod" -}}
{{- $self := dict "root" . "component" "livekit" -}}
{{- $name := printf "%s-livekit" (include "alex.fullname" .) -}}
{{- $nodePort := and (eq .Values.livekit.exposure "address") (eq .Values.livekit.service.type "NodePort") -}}
{{- $several := gt (int .Values.livekit.replicas) 1 -}}
{{- $host := eq .Values.livekit.exposure "hostNetwork" -}}
{{- $turn := .Values.livekit.turn -}}
{{- $elsewhere := include "alex.livekitKeysElsewhere" . -}}
{{- $keyFiles := include "alex.livekitKeyFiles" . | trim -}}
{{- if and (include "alex.redisAddress" .) (include "alex.redisSecretName" .) -}}
{{- $keyFiles = printf "%s\n%s" $keyFiles (include "alex.keyFile" (dict "secret" (include "alex.redisSecretName" .) "key" "REDIS_PASSWORD" "file" "REDIS_PASSWORD")) -}}
{{- end -}}
metadata:
  labels:
    {{- include "alex.labels" $self | nindent 4 }}
    {{- with .Values.livekit.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/livekit-key: {{ include "alex.livekitSecretChecksum" . }}
    # Of the first server: the others have the same but for their ports, and one more of them is no reason to restart.
    checksum/config: {{ include "alex.livekitConfig" (dict "root" . "node" 0) | sha256sum }}
    {{- if include "alex.redisSecretName" . }}
    checksum/redis: {{ include "alex.redisSecretChecksum" . }}
    {{- end }}
    {{- with include "alex.podAnnotations" (dict "root" . "component" "livekit" "port" 6789) }}
    {{- . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ $name }}
  automountServiceAccountToken: false
  enableServiceLinks: false # a Service called livekit would inject LIVEKIT_PORT=tcp://…, on which the server dies
  # Else the server is process 1, for which the kernel drops SIGTERM until a handler stands: deleted in its first second it would
  # stay for all of its grace period.
  shareProcessNamespace: true
  {{- if $host }}
  # Media comes to the node itself. The port numbers are then the node's, so no two servers fit on one.
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet # the node's own resolver does not know Redis and web
  {{- end }}
  # As patient as the agents, whose calls run through it.
  terminationGracePeriodSeconds: {{ add .Values.agent.drainSeconds 120 }}
  securityContext:
    {{- include "alex.podSecurityContext" . | nindent 4 }}
  {{- with include "alex.scheduling" $self | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if or $several .Values.livekit.topologySpreadConstraints }}
  topologySpreadConstraints:
    # A lost node should not take every server; a full node must not stop a new one.
    {{- include "alex.spread" $self | nindent 4 }}
  {{- end }}
  {{- if $elsewhere }}
  initContainers:
    {{- include "alex.keysContainer" $self | nindent 4 }}
  {{- end }}
  containers:
    - name: livekit
      image: "{{ .Values.livekit.image.repository }}{{ include "alex.imageVersion" .Values.livekit.image }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [--config, /etc/livekit/{{ ternary "$(POD_NAME)" "config" $several }}.yaml]
      {{- if or $several (and $host (not .Values.livekit.address)) }}
      env:
        {{- if $several }}
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        {{- end }}
        {{- if and $host (not .Values.livekit.address) }}
        - name: NODE_IP # what browsers and agents are told
          valueFrom:
            fieldRef:
              fieldPath: status.hostIP
        {{- end }}
      {{- end }}
      ports:
        - name: signal
          containerPort: 7880
        {{- if or $host (not $several) }}
        - name: media-tcp
          containerPort: {{ ternary .Values.livekit.service.nodePorts.tcp 7881 $nodePort }}
        - name: media-udp
          containerPort: {{ ternary .Values.livekit.service.nodePorts.udp 7882 $nodePort }}
          protocol: UDP
        {{- end }}
        {{- if $turn.enabled }}
        - name: turn
          containerPort: 5349
        {{- end }}
        - name: metrics
          containerPort: 6789
      {{- if include "alex.redisAddress" . }}
      livenessProbe: # not the answer below: it goes through Redis, and a Redis that is away for a minute must not end calls that go on
        httpGet: {path: /metrics, port: metrics}
      {{- else }}
      livenessProbe: # the server answers 406 when its own statistics are older than 4 s; a minute of that is a hang
        httpGet: {path: /, port: signal}
      {{- end }}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /, port: signal}
        periodSeconds: 2
        timeoutSeconds: 2
      resources:
        {{- toYaml .Values.livekit.resources | nindent 8 }}
      securityContext:
        {{- include "alex.securityContext" . | nindent 8 }}
      volumeMounts:
        - name: config
          mountPath: /etc/livekit
          readOnly: true
        - name: tmp
          mountPath: /tmp
        {{- if $turn.enabled }}
        - name: turn
          mountPath: /etc/livekit-turn
          readOnly: true
        {{- end }}
  volumes:
    {{- include "alex.configurationVolumes" (dict "root" . "component" "livekit" "elsewhere" $elsewhere "keyFiles" $keyFiles) | nindent 4 }}
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    {{- if $turn.enabled }}
    - name: turn
      projected:
        defaultMode: 0440
        sources:
          {{- range $file := list "tls.crt" "tls.key" }}
          {{- include "alex.keyFile" (dict "secret" $turn.tlsSecretName "key" $file "file" $file) | nindent 10 }}
          {{- end }}
    {{- end }}
{{- end -}}
