#!/usr/bin/env bash
# grpcio-tools 1.85.1 (its protoc), a message with a field named `bytes` and stubs by --pyi_out.
#
# One would guess: the stubs that protoc writes for its own generated code pass a type checker.
# Seen: the class has `bytes: bytes`, so that within it the name means the field; mypy says "Variable ... is not valid as a type",
# and every use of the field is an error. The generated code itself works. The stubs of mypy-protobuf 3.7.0 write `builtins.bytes`.
# In strict mode the stubs also lack the arguments of every `Mapping`.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check grpcio-tools==1.85.1 mypy==2.4.1 types-protobuf
mkdir made
cat > medium.proto <<'PROTO'
syntax = "proto3";
message Medium {
  bytes bytes = 1;
  bytes other = 2;
}
PROTO
venv/bin/python -m grpc_tools.protoc -I. --python_out=made --pyi_out=made medium.proto
cat > made/use.py <<'PY'
from medium_pb2 import Medium

print(len(Medium(bytes=b"abc").bytes))
PY
grep -n 'bytes' made/medium_pb2.pyi
echo "run: $(venv/bin/python made/use.py)"
cd made
if ../venv/bin/mypy use.py medium_pb2.pyi > ../told; then
  cat ../told
  exit 1
fi
cat ../told
grep -q 'is not valid as a type' ../told
