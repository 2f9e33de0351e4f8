{{/* What validate.yaml refuses of what is added to pods, as a JSON list. */}}
{{- define "alex.podProblems" -}}
{{- $problems := list -}}
{{- range $component := list "agent" "web" -}}
{{- $values := index $.Values $component -}}
{{- range $values.extraEnv -}}
{{- if or (regexMatch "^(ALEX_|LIVEKIT_|(DEEPGRAM|OPENAI|ELEVEN)_API_KEY)" .name) (eq .name "TMPDIR") -}}
{{- $problems = append $problems (printf "%s.extraEnv sets %s, which the chart sets from a value of its own: use that value, and remove it here" $component .name) -}}
{{- end -}}
{{- if and (eq $component "agent") $.Values.livekit.enabled (regexMatch "^HTTPS?_PROXY$" .name) -}}
{{- $problems = append $problems (printf "agent.extraEnv sets %s, through which agents would look for the bundled LiveKit as well, and not find it: remove it, and give what passes on to the vendors as providers.*.baseUrl" .name) -}}
{{- end -}}
{{- end -}}
{{- $volumes := list -}}
{{- range $values.extraVolumes -}}
{{- if has .name (list "tmp" "keys" "prompt" "kubernetes") -}}
{{- $problems = append $problems (printf "%s.extraVolumes has a volume %s, and so have the pods: rename it" $component .name) -}}
{{- end -}}
{{- $volumes = append $volumes .name -}}
{{- end -}}
{{- range $values.extraVolumeMounts -}}
{{- if not (has .name $volumes) -}}
{{- $problems = append $problems (printf "%s.extraVolumeMounts mounts %s, which is no volume of %s.extraVolumes: add it there, or remove it here" $component .name $component) -}}
{{- end -}}
{{- if regexMatch "^/(tmp|app|etc/alex)?(/.*)?$" .mountPath -}}
{{- $problems = append $problems (printf "%s.extraVolumeMounts mounts %s at %s, where Alex keeps files of its own: mount it elsewhere" $component .name .mountPath) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $problems -}}
{{- end -}}
