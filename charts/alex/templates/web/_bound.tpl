{{/*
The most that a day can bring, however callers behave: calls at once and minutes, in all and from one address, and what that costs. A call may
outlast agent.maxCallSeconds by 90 s until web has closed its room; calls that are on when the budget is spent go to their end.
*/}}
{{- define "alex.worstDay" -}}
{{- $agent := .Values.agent -}}
{{- $slots := mul $agent.slots (ternary $agent.autoscaling.maxReplicas $agent.replicas $agent.autoscaling.enabled) -}}
{{- $limits := .Values.web.limits -}}
{{- $all := ternary (min $limits.calls $slots) $slots (gt (int $limits.calls) 0) -}}
{{- $one := ternary (min $limits.callsPerAddress $all) $all (gt (int $limits.callsPerAddress) 0) -}}
{{- $price := ternary .Values.web.budget.usdPerMinute 0 (eq .Values.voice "hosted") -}}
{{- range $who, $calls := dict "all" $all "one" $one -}}
{{- $minutes := mul $calls 1440 -}}
{{- with int $.Values.web.budget.minutesPerDay -}}
{{- $minutes = min $minutes (add . (divf (mul $calls (add $agent.maxCallSeconds 90)) 60 | ceil)) -}}
{{- end }}
{{ $who }}:
  calls: {{ $calls }}
  minutes: {{ $minutes }}
  usd: {{ mulf $minutes $price | printf "%.2f" | quote }}
{{- end -}}
{{- end -}}
