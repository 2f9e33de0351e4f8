{{/* Its configuration, with the name of the password instead of it: see _keys.tpl. */}}
{{- define "alex.redisConfig" -}}
# Rooms of servers that run are all it holds, so nothing is kept: after a restart the servers write what they know again.
save ""
appendonly no
dir /tmp
requirepass ${REDIS_PASSWORD}
{{- end -}}
