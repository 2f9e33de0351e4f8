{{/* Where to look when the pods are well and something else is not: a line for each thing that this configuration has. */}}
{{- define "alex.looks" -}}
{{- $name := include "alex.fullname" . -}}
{{- $in := printf "kubectl -n %s" .Release.Namespace -}}
{{- $livekit := .Values.livekit -}}
{{- $several := include "alex.severalLivekit" . -}}
{{- if .Values.gateway.enabled }}
{{ include "alex.look" (list "nobody answers there" (printf "%s describe httproute %s-web" $in $name) "Accepted and ResolvedRefs are True") }}
{{- else if or .Values.web.ingress.enabled (and $livekit.enabled $livekit.ingress.enabled) }}
{{ include "alex.look" (list "nobody answers there" (printf "%s get ingress" $in) "HOSTS has to lead to ADDRESS") }}
{{- end }}
{{- if and $livekit.enabled (eq $livekit.exposure "address") }}
{{- if eq $livekit.service.type "NodePort" }}
{{ include "alex.look" (list "there is no sound" (printf "%s get service -l app.kubernetes.io/component=livekit" $in) (printf "node ports to open at %s" $livekit.address)) }}
{{- else }}
{{ include "alex.look" (list "there is no sound" (printf "%s get service %s-livekit" $in $name) (printf "EXTERNAL-IP has to be %s" $livekit.address)) }}
{{- end }}
{{- end }}
{{- if and $livekit.enabled $livekit.turn.enabled }}
{{- if $livekit.turn.issuer }}
{{ include "alex.look" (list "TURN carries nothing" (printf "%s get certificate %s-livekit-turn" $in $name) "READY is True") }}
{{- else }}
{{ include "alex.look" (list "TURN carries nothing" (printf "%s get secret %s" $in $livekit.turn.tlsSecretName) "its certificate") }}
{{- end }}
{{- end }}
{{- if include "alex.redisAddress" . }}
{{- $who := ternary (printf "statefulset/%s-livekit" $name) (printf "deployment/%s-web" $name) (not (empty $several)) }}
{{ include "alex.look" (list "Redis is not found" (printf "%s logs %s | grep -i redis" $in $who) "") }}
{{- end }}
{{- if .Values.agent.autoscaling.enabled }}
{{- $engine := .Values.agent.autoscaling.engine }}
{{- if eq $engine "keda" }}
{{ include "alex.look" (list "agents stay as many" (printf "%s get scaledobject %s-agent" $in $name) "READY is True") }}
{{- else }}
{{- $missing := ternary "the adapter has no alex_web_wanted_agent_pods" "there is no metrics-server" (eq $engine "prometheus") }}
{{ include "alex.look" (list "agents stay as many" (printf "%s get hpa %s-agent" $in $name) (printf "<unknown>: %s" $missing)) }}
{{- end }}
{{- end }}
{{- if eq .Values.voice "hosted" }}
{{ include "alex.look" (list "another voice speaks" (printf "%s logs deployment/%s-agent | grep provider_refuses" $in $name) "") }}
{{- end }}
{{- with .Values.web.signIn }}
{{- if or .oidc.issuer .captcha.verifyUrl }}
{{ include "alex.look" (list "nobody is let in" (printf "%s logs deployment/%s-web | grep unreachable" $in $name) "") }}
{{- end }}
{{- end }}
{{- if include "alex.podMonitor" . }}
{{ include "alex.look" (list "there are no figures" (printf "%s get podmonitor --show-labels" $in) "by which your Prometheus has to select it") }}
{{- end }}
{{- if .Values.networkPolicy.enabled }}
{{ include "alex.look" (list "a way is closed" (printf "%s describe networkpolicy %s-agent" $in $name) "more ways out: networkPolicy.egressPorts") }}
{{- end }}
{{- end -}}

{{/* One of these lines: (list "what is wrong" "where to look" "what to find there"). */}}
{{- define "alex.look" -}}
{{- printf "  %-23s %s" (printf "%s:" (index . 0)) (index . 1) -}}
{{- with index . 2 }}    # {{ . }}{{ end -}}
{{- end -}}
