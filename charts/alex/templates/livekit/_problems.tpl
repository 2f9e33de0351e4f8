{{/* What validate.yaml refuses of the ways to LiveKit, as a JSON list. */}}
{{- define "alex.exposureProblems" -}}
{{- $problems := list -}}
{{- $gateway := .Values.gateway -}}
{{- $pages := list $gateway.host .Values.web.ingress.host .Values.livekit.ingress.host -}}
{{- with .Values.livekit -}}
{{- if and .enabled (eq .exposure "hostNetwork") -}}
{{- if and .address (gt (int .replicas) 1) -}}
{{- $problems = append $problems (printf "livekit.exposure is hostNetwork, where each of %d servers has an address of its own: remove livekit.address, or set livekit.replicas to 1" (int .replicas)) -}}
{{- end -}}
{{- if not (or .address .publicUrl .ingress.enabled $gateway.enabled) -}}
{{- $problems = append $problems "livekit.exposure is hostNetwork, but browsers are told no address for signalling: set livekit.ingress, gateway, livekit.publicUrl, or livekit.address to that of the one node" -}}
{{- end -}}
{{- end -}}
{{- if .turn.enabled -}}
{{- if not (and .enabled (eq .exposure "address")) -}}
{{- $problems = append $problems "livekit.turn.enabled is true, but it relays to livekit.address: set livekit.enabled to true and livekit.exposure to address, or livekit.turn.enabled to false" -}}
{{- end -}}
{{- if not (and .turn.host .turn.tlsSecretName) -}}
{{- $problems = append $problems "livekit.turn.enabled is true without a name or a certificate: set livekit.turn.host and livekit.turn.tlsSecretName" -}}
{{- end -}}
{{- if and .turn.host (has .turn.host $pages) -}}
{{- $problems = append $problems (printf "livekit.turn.host is %s, whose port 443 already serves the page or signalling: give TURN a host of its own" .turn.host) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}
