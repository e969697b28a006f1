#!/usr/bin/env bash
# KServe 0.21.0 (Python), one model, asked over its REST and its gRPC, both of the Open Inference Protocol.
#
# One would guess: what a model raises has one meaning, and both wires say it. An InferenceError is the model's own trouble: 500 over
# HTTP, INTERNAL over gRPC, so that a client asks again or asks another server. A model that is not ready is refused on both.
# Seen: an InferenceError is 500 over HTTP and INVALID_ARGUMENT over gRPC, which says that the request is at fault and that no other
# server need be asked. A model whose `ready` is False answers 503 over HTTP, and is computed over gRPC as if nothing were the matter.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python >/dev/null
python/bin/pip install --quiet --disable-pip-version-check kserve==0.21.0 >/dev/null
cat > model.py <<'PY'
import sys

from kserve import InferOutput, InferResponse, Model, ModelServer
from kserve.errors import InferenceError


class One(Model):
    def __init__(self):
        super().__init__("one")
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        [number] = payload.inputs[0].data
        if number == 1:
            raise InferenceError("the accelerator fell over")
        if number == 2:
            self.ready = False
        return InferResponse(payload.id or "1", self.name, [InferOutput("y", [1], "INT64", data=[7])])


http, grpc = map(int, sys.argv[1:])
sys.argv = sys.argv[:1]
ModelServer(http_port=http, grpc_port=grpc).start([One()])
PY
cat > ask.py <<'PY'
import json
import sys
import time
import urllib.error
import urllib.request

import grpc
from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc as services

http_port, grpc_port = sys.argv[1:]


def over_http(number):
    inputs = [{"name": "x", "datatype": "INT64", "shape": [1], "data": [number]}]
    url = f"http://127.0.0.1:{http_port}/v2/models/one/infer"
    body = json.dumps({"inputs": inputs}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    try:
        return urllib.request.urlopen(request, timeout=20).status
    except urllib.error.HTTPError as error:
        return f"{error.code} {json.loads(error.read())['error']}" if number == 1 else error.code


def over_grpc(number):
    stub = services.GRPCInferenceServiceStub(grpc.insecure_channel(f"127.0.0.1:{grpc_port}"))
    tensor = pb.ModelInferRequest.InferInputTensor(name="x", datatype="INT64", shape=[1])
    tensor.contents.int64_contents.append(number)
    try:
        stub.ModelInfer(pb.ModelInferRequest(model_name="one", inputs=[tensor]), timeout=20)
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


for _ in range(300):
    try:
        if over_http(0) == 200:
            break
    except OSError:
        time.sleep(0.2)
seen = {"broken": [over_http(1), over_grpc(1)], "well": [over_http(0), over_grpc(0)]}
over_grpc(2)
seen["not ready"] = [over_http(0), over_grpc(0)]
print(json.dumps(seen))
PY
ports=$(python3 -c 'import socket
a, b = socket.socket(), socket.socket()
a.bind(("127.0.0.1", 0)); b.bind(("127.0.0.1", 0))
print(a.getsockname()[1], b.getsockname()[1])')
# shellcheck disable=SC2086
python/bin/python model.py $ports >server.log 2>&1 &
server=$!
# shellcheck disable=SC2086
seen=$(python/bin/python ask.py $ports)
echo "$seen"
[ "$seen" = '{"broken": ["500 the accelerator fell over", "INVALID_ARGUMENT"], "well": [200, "OK"], "not ready": [503, "OK"]}' ]
