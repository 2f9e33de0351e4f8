{{/* TURN inside TLS, which a server offers beside its own ports. */}}
{{- define "alex.livekitTurn" -}}
{{- with .Values.livekit -}}
{{- $six := contains ":" .address -}}
turn:
  enabled: true
  domain: {{ .turn.host | quote }}
  # Browsers are told 443, where a server that is not root cannot listen: the Service leads from there to here.
  tls_port: 5349
  cert_file: /etc/livekit-turn/tls.crt
  key_file: /etc/livekit-turn/tls.key
  bind_addresses: [{{ ternary "::" "0.0.0.0" $six | quote }}]
  # What a caller sends through it goes to this address, where the server's own media is, and to no other: a relay must open neither the inside
  # nor a way to strangers in our name. All others have to be listed for that.
  allow_restricted_peer_cidrs: ["{{ .address }}/{{ ternary 128 32 $six }}"]
  {{- if $six }}
  deny_peer_cidrs: ["0.0.0.0/0"]
  {{- else }}
  deny_peer_cidrs: {{ include "alex.allBut" .address | fromJsonArray | toJson }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* All of IPv4 but one address, as a JSON list of 32 networks: of each length the one whose last bit differs. */}}
{{- define "alex.allBut" -}}
{{- $number := 0 -}}
{{- range splitList "." . -}}
{{- $number = add (mul $number 256) (int .) -}}
{{- end -}}
{{- $networks := list -}}
{{- $size := 1 -}}
{{- range $length := untilStep 32 0 -1 -}}
{{- $network := div $number $size -}}
{{- $other := mul (ternary (add $network 1) (sub $network 1) (eq (mod $network 2) 0)) $size -}}
{{- $dotted := printf "%d.%d.%d.%d" (div $other 16777216) (mod (div $other 65536) 256) (mod (div $other 256) 256) (mod $other 256) -}}
{{- $networks = append $networks (printf "%s/%d" $dotted $length) -}}
{{- $size = mul $size 2 -}}
{{- end -}}
{{- toJson $networks -}}
{{- end -}}
