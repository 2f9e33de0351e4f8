{{/* What validate.yaml refuses of the Gateway, as a JSON list. */}}
{{- define "alex.gatewayProblems" -}}
{{- $problems := list -}}
{{- $lk := .Values.livekit -}}
{{- with .Values.gateway -}}
{{- if and .enabled (not (and .name .host)) -}}
{{- $problems = append $problems "gateway.enabled is true without a Gateway or a host: set gateway.name and gateway.host" -}}
{{- end -}}
{{- if and .enabled (or $.Values.web.ingress.enabled $lk.ingress.enabled) -}}
{{- $problems = append $problems "gateway.enabled is true beside web.ingress or livekit.ingress, and browsers are given one address: keep one of them" -}}
{{- end -}}
{{- if and .enabled $lk.enabled (eq $lk.exposure "portForward") -}}
{{- $problems = append $problems "gateway.enabled is true, but livekit.exposure is portForward, so callers would get the page and no sound: set livekit.exposure to address or hostNetwork" -}}
{{- end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}
