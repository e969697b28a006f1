#!/usr/bin/env bash
# Node 20.20.2, 22.23.3 and 24.21.0 (npm package `node`): `AbortSignal.any([caller, AbortSignal.timeout(500)])`, where `caller` lives on, with a
# listener for 'abort' that somebody waits for. Memory is collected a few times within the half second, as it is in any busy server.
#
# One would guess: the listener is called after 500 ms. A listener keeps a timed signal alive when it stands on it directly, and somebody waits.
# Seen: on Node 20 it is never called once memory was collected, and called in time where it was not; 22 and 24 call it in both cases. So time limits
# that are joined with a caller's signal this way work in every quiet test and are lost under load.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > play.mjs <<'JS'
const caller = new AbortController()
async function isCalled(collect) {
  let called = false
  const listen = () => {
    const signal = AbortSignal.any([caller.signal, AbortSignal.timeout(500)])
    signal.addEventListener('abort', () => (called = true), { once: true })
  }
  listen()
  for (let turn = 0; turn < 20; turn += 1) {
    if (collect) globalThis.gc()
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return called
}
console.log(`${await isCalled(false)} ${await isCalled(true)}`)
JS
seen=''
for version in 20.20.2 22.23.3 24.21.0; do
  mkdir -p "$version"
  npm install --prefix "$version" --no-audit --no-fund "node@$version" >/dev/null 2>&1
  one=$("$version/node_modules/node/bin/node" --expose-gc play.mjs)
  echo "$version called without and with collections: $one"
  seen="$seen$one;"
done
[ "$seen" = 'true false;true true;true true;' ]
