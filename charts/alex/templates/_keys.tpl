{{/*
LiveKit and Redis know no file with a single key in it: they read keys as words of their configuration. There each stands by the name of
its file, as ${REDIS_PASSWORD}, until it is put in: by the chart where the key is the chart's own, and the configuration then is a Secret;
else, since nobody can read an existing Secret at render, by the first container of the pod, into memory.
*/}}

{{/* The files of a configuration with the keys in their places: (dict "files" DICT "keys" DICT), as JSON. */}}
{{- define "alex.withKeys" -}}
{{- $files := dict -}}
{{- range $file, $text := .files -}}
{{- range $name, $key := $.keys -}}
{{- $text = replace (printf "${%s}" $name) (toRawJson $key) $text -}}
{{- end -}}
{{- $_ := set $files $file (printf "%s\n" $text) -}}
{{- end -}}
{{- toRawJson $files -}}
{{- end -}}

{{/* The Secret or the ConfigMap of a configuration: (dict "root" $ "component" "redis" "files" DICT "keys" DICT, without them if they are elsewhere). */}}
{{- define "alex.configuration" -}}
{{- $name := printf "%s-%s" (include "alex.fullname" .root) .component -}}
apiVersion: v1
{{- if .keys }}
kind: Secret
metadata:
  name: {{ $name }}-config
  labels:
    {{- include "alex.labels" . | nindent 4 }}
type: Opaque
data:
  {{- range $file, $text := include "alex.withKeys" . | fromJson }}
  {{ $file }}: {{ $text | b64enc | quote }}
  {{- end }}
{{- else }}
kind: ConfigMap
metadata:
  name: {{ $name }}
  labels:
    {{- include "alex.labels" . | nindent 4 }}
data:
  {{- range $file, $text := .files }}
  {{ $file }}: |
    {{- $text | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The volumes a configuration comes from: (dict "root" $ "component" "redis" "elsewhere" BOOLEAN "keyFiles" SOURCES). */}}
{{- define "alex.configurationVolumes" -}}
{{- $name := printf "%s-%s" (include "alex.fullname" .root) .component -}}
- name: config
{{- if .elsewhere }}
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
- name: template
  configMap:
    name: {{ $name }}
- name: keys
  projected:
    defaultMode: 0440
    sources:
      {{- .keyFiles | trim | nindent 6 }}
{{- else }}
  secret:
    secretName: {{ $name }}-config
    defaultMode: 0440
{{- end }}
{{- end -}}

{{/* The first container of a pod whose keys are elsewhere: (dict "root" $ "component" "redis"). */}}
{{- define "alex.keysContainer" -}}
- name: keys
  image: {{ include "alex.image" (dict "root" .root "component" "web") }} # for its Python: the other one may not even have a shell
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  command: [python, -c]
  args:
    - |
      import json, os, pathlib, re
      template, keys, config = (pathlib.Path("/etc/alex", name) for name in ("template", "keys", "config"))
      os.umask(0o077)
      for file in template.glob("[!.]*"):
          # In the quotes of JSON, which YAML and Redis understand alike: a key of digits stays a text.
          quoted = lambda name: json.dumps((keys / name[1]).read_text().strip(), ensure_ascii=False)
          (config / file.name).write_text(re.sub(r"\$\{(\w+)\}", quoted, file.read_text()))
  resources: # nothing more: it has ended before the next one starts
    {{- toYaml (index .root.Values .component).resources | nindent 4 }}
  securityContext:
    {{- include "alex.securityContext" .root | nindent 4 }}
  volumeMounts:
    - name: template
      mountPath: /etc/alex/template
      readOnly: true
    - name: keys
      mountPath: /etc/alex/keys
      readOnly: true
    - name: config
      mountPath: /etc/alex/config
{{- end -}}
