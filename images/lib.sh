# shellcheck shell=bash disable=SC2034,SC2329 # set and defined here for those who source this
# What the commands share: the four names, the platforms, how a failure is told, and Docker and buildah behind the same verbs.
# Sourced, never run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

all=(agent web offline caller)
# The locks have wheels for these, and a release has images for both.
platforms=(linux/amd64 linux/arm64)
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/alex/build

# fail WHAT [NEXT]: what is wrong, and what to do about it. Ends with 1, or with $status: 2 is bad usage.
fail() {
  printf 'images/%s: %s\n' "$(basename "$0")" "$1" >&2
  [ $# -lt 2 ] || printf 'Next: %s\n' "$2" >&2
  exit "${status:-1}"
}

# check_tag TAG: refuses what no registry accepts; a slip is cheaper to find before a build than after it.
check_tag() {
  [[ $1 =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] ||
    status=2 fail "'$1' cannot be a tag" 'letters, digits, dots, dashes and underscores, at most 128 of them'
}

check_platform() {
  case " ${platforms[*]} " in
    *" $1 "*) ;;
    *) status=2 fail "there are no images for $1; there are for ${platforms[*]}" "images/$(basename "$0") --help" ;;
  esac
}

seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", to - from }'; }

# choose_builder: Docker where its engine answers, else buildah. Sets $with, and $prefix, with which the names of local images begin;
# defines list, fits IMAGE PLATFORM, pull IMAGE PLATFORM, build_image DOCKERFILE CONTEXT OPTION…, alias_image IMAGE NAME, push_image IMAGE REFERENCE,
# join_images REFERENCE PART…, which gives pushed images for several platforms one name, and run_python IMAGE ARGUMENT…, which starts the image's
# Python instead of its program. An empty PLATFORM is the builder's own.
choose_builder() {
  if command -v docker >/dev/null && timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then
    with=docker prefix=''
    list() { docker images --format '{{.Repository}}:{{.Tag}}'; }
    fits() { [[ $(docker image inspect --format '{{.Os}}/{{.Architecture}}' "$1") = "${2:-$(docker version --format '{{.Server.Os}}/{{.Server.Arch}}')}" ]]; }
    pull() { timeout 600 docker pull --quiet ${2:+--platform "$2"} "$1"; }
    build_image() { DOCKER_BUILDKIT=1 docker build --progress plain --file "$1" "${@:3}" "$2"; }
    alias_image() { docker tag "$1" "$2"; }
    push_image() { docker tag "$1" "$2" && docker push --quiet "$2"; }
    join_images() { docker buildx imagetools create --tag "$@"; }
    run_python() { docker run --rm --network none --entrypoint python "$@"; }
  elif command -v buildah >/dev/null; then
    with=buildah prefix=localhost/
    storage=()
    [ "$(id -u)" != 0 ] || storage=(--storage-driver overlay)
    # Holds the layers while they are made, and the wheels between builds: not a /tmp that may be small.
    export TMPDIR=$cache
    list() { buildah "${storage[@]}" images --format '{{.Name}}:{{.Tag}}'; }
    fits() {
      local own
      own=$(buildah "${storage[@]}" info --format '{{.host.os}}/{{.host.arch}}')
      [[ $(buildah "${storage[@]}" inspect --type image --format '{{.OCIv1.OS}}/{{.OCIv1.Architecture}}' "$1") = "${2:-$own}" ]]
    }
    pull() { timeout 600 buildah "${storage[@]}" pull --quiet ${2:+--platform "$2"} "$1"; }
    build_image() {
      # The chroot needs no rights beyond those of the builder, so this works inside a container as well.
      local options=(--isolation chroot --layers --force-rm --format docker)
      # A machine whose network has a certificate authority of its own keeps it here; lent to the build, not kept in the image.
      local authorities=/etc/ssl/certs/ca-certificates.crt
      [ ! -f "$authorities" ] || options+=(--volume "$authorities:$authorities:ro")
      buildah "${storage[@]}" bud "${options[@]}" --file "$1" --ignorefile "$1.dockerignore" "${@:3}" "$2"
    }
    alias_image() { buildah "${storage[@]}" tag "$1" "$2"; }
    # As Docker does: a registry on this very machine needs no certificate.
    loopback() { [[ $1 =~ ^(localhost|127\.[0-9.]+|\[::1\])[:/] ]]; }
    certificate() { ! loopback "$1" || echo --tls-verify=false; }
    push_image() {
      local options=(--quiet)
      mapfile -t -O 1 options < <(certificate "$2")
      ! loopback "$2" || options+=(--disable-compression) # nothing is gained by making layers smaller for no way at all
      buildah "${storage[@]}" push "${options[@]}" "$1" "docker://$2"
    }
    join_images() {
      local joined=localhost/alex-joined:$$ options part code=0
      mapfile -t options < <(certificate "$1")
      buildah "${storage[@]}" manifest create "$joined" || return
      for part in "${@:2}"; do
        buildah "${storage[@]}" manifest add "${options[@]}" "$joined" "docker://$part" || code=$?
      done
      [ "$code" != 0 ] || buildah "${storage[@]}" manifest push --quiet --all "${options[@]}" "$joined" "docker://$1" || code=$?
      buildah "${storage[@]}" manifest rm "$joined" >/dev/null
      return "$code"
    }
    run_python() {
      local container code=0
      container=$(buildah "${storage[@]}" from "$1")
      buildah "${storage[@]}" run --isolation chroot "$container" -- python "${@:2}" || code=$?
      buildah "${storage[@]}" rm "$container" >/dev/null
      return "$code"
    }
  else
    fail 'needs a Docker engine that answers, or buildah; found neither' 'start Docker, or: apt-get install buildah'
  fi
}
