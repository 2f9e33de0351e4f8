# shellcheck shell=bash disable=SC2034
# What up, down, call and local/* share: where things are, how a step is shown, how a process is kept.
# Sourced, never run.

set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/alex
run=$cache/run # everything `k8s/down` removes; the rest of the cache stays
tools=$cache/tools
logs=$run/logs
export PATH=$PATH:/usr/local/go/bin:/usr/sbin:/sbin

# The one place where versions are chosen. A folder of the cache is named after each, so a new version builds anew.
kubernetes_version=v1.34.4
helm_version=v3.22.0
livekit_version=v1.13.5
coredns_version=v1.15.0
kind_version=v0.33.0
keda_version=v2.21.0
pause_version=1
prometheus_version=v0.316.0 # Prometheus 3.16.0, as its Go module counts
prometheus_adapter_version=v0.12.0
prometheus_operator_version=v0.85.0 # only its definitions, as of the three below
gateway_version=v1.4.1
cert_manager_version=v1.19.1
external_secrets_version=v1.3.2
kube_router_version=v2.2.1 # k3s' branch of it
crane_version=v0.20.6
actionlint_version=v1.7.12
kube_score_version=v1.20.0
kubesec_version=v2.14.2
tilt_version=v0.33.21
skaffold_version=v2.16.1

kubernetes_bin=$tools/kubernetes-$kubernetes_version
livekit_bin=$tools/livekit-server-$livekit_version
coredns_bin=$tools/coredns-$coredns_version
pause_bin=$tools/pause-$pause_version
kube_router_bin=$tools/kube-router-$kube_router_version
keda_bin=$tools/keda-$keda_version
keda_crds=$tools/keda-crds-$keda_version
prometheus_bin=$tools/prometheus-$prometheus_version
prometheus_adapter_bin=$tools/prometheus-adapter-$prometheus_adapter_version
prometheus_operator_crds=$tools/prometheus-operator-crds-$prometheus_operator_version
gateway_crds=$tools/gateway-crds-$gateway_version
cert_manager_crds=$tools/cert-manager-crds-$cert_manager_version
external_secrets_crds=$tools/external-secrets-crds-$external_secrets_version

# The local node. Private addresses that nothing else is likely to use; the first three are the network namespace's own.
node_host_ip=10.213.0.1
node_ip=10.213.0.2
pod_cidr=10.214.0.0/16
service_cidr=10.215.0.0/16
apiserver_service_ip=10.215.0.1
netns=alex
local_kubeconfig=$run/kubeconfig
local_context=alex-local
ctr() { command ctr --address "$run/containerd/containerd.sock" --namespace k8s.io "$@"; }

say() { printf '%s\n' "$*" >&3; }
note() { say "         $*"; }

# fail WHAT NEXT: says what is wrong and the next command to run, and ends the script.
fail() {
  printf '\n%s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'Next: %s\n' "$2" >&2
  exit 1
}

# step TITLE COMMAND…: runs one command, its output in the log, and shows what it did and how long it took. Never call it in a
# condition: that would switch errexit off inside.
step() {
  local title=$1 began=$SECONDS log=$logs/up.log size status
  shift
  mkdir -p "$logs"
  printf '== %s: %s\n' "$title" "$*" >>"$log"
  size=$(stat -c %s "$log")
  set +e
  (
    set -e
    exec 9>&-
    "$@"
  ) >>"$log" 2>&1
  status=$?
  set -e
  [ $status = 0 ] || failed "$title" "$log" "$size"
  say "$(clock)  $title ($((SECONDS - began)) s)"
}

# failed TITLE LOG [FROM_BYTE]: shows the end of what was said, and ends the script.
failed() {
  say "$(clock)  FAILED: $1"
  tail -c "+$((${3:-0} + 1))" "$2" | tail -n 25 | sed 's/^/         | /' >&3
  say "         All of it: $2. k8s/up goes on from here when it is run again."
  exit 1
}

clock() { printf '%2d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }

have() { command -v "$1" >/dev/null 2>&1; }

# wait_until SECONDS WHAT COMMAND…: polls twice a second until the command succeeds.
wait_until() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "gave up waiting for $what" >&2; return 1; }
    sleep 0.5
  done
}

# The cluster that `k8s/up` chose, as it wrote it down: context, namespace, what it made (kind, local or nothing), whether the
# namespace was there before, and the local port of the page.
context="" namespace=alex made="" had_namespace="" page_port=""
use_target() {
  # shellcheck source=/dev/null
  [ ! -e "$run/target" ] || . "$run/target"
  export PATH=$PATH:$tools/helm-$helm_version:$tools/kind-$kind_version:$kubernetes_bin
  case $made in
    local) export KUBECONFIG=$local_kubeconfig PATH=$kubernetes_bin:$tools/helm-$helm_version:$PATH ;;
    kind) export KUBECONFIG=$local_kubeconfig ;;
  esac
  context_option=()
  [ -z "$context" ] || context_option=(--context "$context")
}
kubectl() { command kubectl "${context_option[@]}" "$@"; }
helm() { command helm "${context_option[@]/--context/--kube-context}" "$@"; }

# A process is known by its id *and* its start time, so a number used again is never mistaken for ours.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

alive() {
  local pid began
  read -r pid began 2>/dev/null <"$run/pids/$1" || return 1
  [ "$(started_at "$pid")" = "$began" ]
}

# start NAME COMMAND…: keeps a process in the background, its output in logs/NAME.log; nothing if it runs already.
start() {
  local name=$1 pid
  shift
  alive "$name" && return 0
  mkdir -p "$run/pids" "$logs"
  setsid "$@" >>"$logs/$name.log" 2>&1 </dev/null 3>&- 9>&- &
  pid=$!
  printf '%s %s\n' "$pid" "$(started_at "$pid")" >"$run/pids/$name"
}

# stop NAME [GROUP]: ends what `start` started; with GROUP its children as well.
stop() {
  local pid began target
  if alive "$1"; then
    read -r pid began <"$run/pids/$1"
    target=$pid
    [ $# -lt 2 ] || target=-$pid
    kill -TERM -- "$target" 2>/dev/null || true
    for _ in $(seq 50); do
      alive "$1" || break
      sleep 0.1
    done
    ! alive "$1" || kill -KILL -- "$target" 2>/dev/null || true
  fi
  rm -f "$run/pids/$1"
}

{ true >&3; } 2>/dev/null || exec 3>&1
