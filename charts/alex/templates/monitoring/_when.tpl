{{/* "true" when an object of the Prometheus Operator is wanted: (dict "root" $ "enabled" VALUE "kind" "PodMonitor"). */}}
{{- define "alex.operatorObject" -}}
{{- $enabled := toString .enabled -}}
{{- $known := .root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind) -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") $known) }}true{{ end -}}
{{- end -}}

{{- define "alex.podMonitor" -}}
{{- include "alex.operatorObject" (dict "root" . "enabled" .Values.monitoring.podMonitor.enabled "kind" "PodMonitor") -}}
{{- end -}}

{{- define "alex.prometheusRule" -}}
{{- include "alex.operatorObject" (dict "root" . "enabled" .Values.monitoring.rules.enabled "kind" "PrometheusRule") -}}
{{- end -}}

{{/* "true" when dashboards are wanted: they need no API, but are of use only where somebody scrapes; the operator's stack brings Grafana. */}}
{{- define "alex.dashboards" -}}
{{- $enabled := toString .Values.monitoring.dashboards.enabled -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (include "alex.podMonitor" .)) }}true{{ end -}}
{{- end -}}

{{/* "true" when pods say by annotations where their figures are; never beside a PodMonitor, or all of them are counted twice. */}}
{{- define "alex.scrapeAnnotations" -}}
{{- $enabled := toString .Values.monitoring.annotations.enabled -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (not (include "alex.podMonitor" .))) }}true{{ end -}}
{{- end -}}

{{/* Annotations of a component's pods, of which the operator's own win: (dict "root" $ "component" "agent" "port" 9090). */}}
{{- define "alex.podAnnotations" -}}
{{- $scrape := dict -}}
{{- if include "alex.scrapeAnnotations" .root -}}
{{- $scrape = dict "prometheus.io/scrape" "true" "prometheus.io/port" (toString .port) "prometheus.io/path" "/metrics" -}}
{{- end -}}
{{- with merge (dict) (index .root.Values .component).podAnnotations $scrape -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}
