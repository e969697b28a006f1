#!/usr/bin/env bash
# github.com/ollama/ollama v0.17.4 as a Go module, built with go 1.24 or newer and g++.
#
# One would guess: a module that is published, with `go.sum` and a tag, builds by `go build`: cgo's sources are within it.
# Seen: the package of llama.cpp's `common` stops at `nlohmann/json_fwd.hpp: No such file or directory`. The repository keeps that
# header in `llama/llama.cpp/vendor/`, and a module's zip leaves out every folder named `vendor`, whatever language is in it. `go vet`,
# `go mod verify` and `go list` say nothing; the headers have to come from elsewhere (CGO_CPPFLAGS=-I…).
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
printf 'module finding\n\ngo 1.24.1\n\nrequire github.com/ollama/ollama v0.17.4\n' > go.mod
export GOMODCACHE="$folder/modules" GOFLAGS=-mod=mod
go mod download github.com/ollama/ollama
sources=$(go list -m -f '{{.Dir}}' github.com/ollama/ollama)
package=llama/llama.cpp/common
[ -e "$sources/$package/json-schema-to-grammar.h" ] && echo "the sources are there"
[ ! -e "$sources/llama/llama.cpp/vendor" ] && echo "llama/llama.cpp/vendor is not"
if go build "github.com/ollama/ollama/$package" 2>build.log; then echo "it builds"; exit 1; fi
grep -m1 'fatal error: nlohmann/json' build.log
