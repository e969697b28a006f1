"""Asks a server of the Open Inference Protocol for what it has, then for vectors with raw contents, as Triton's own clients do."""
import json
import struct
import sys

address, generated = sys.argv[1], sys.argv[2]
sys.path.insert(0, generated)
import grpc  # noqa: E402
from inference import open_inference_pb2 as pb  # noqa: E402

channel = grpc.insecure_channel(address)


def call(method, request, response):
    path = "/inference.GRPCInferenceService/" + method
    return channel.unary_unary(path, request_serializer=type(request).SerializeToString, response_deserializer=response.FromString)(
        request, timeout=20
    )


texts = [b"a river in spring", b"a river in the spring"]
raw = b"".join(struct.pack("<I", len(text)) + text for text in texts)
infer = pb.ModelInferRequest(model_name="minilm", id="seven", raw_input_contents=[raw])
infer.inputs.add(name="text", datatype="BYTES", shape=[2])
infer.parameters["task"].string_param = "embed"
answer = call("ModelInfer", infer, pb.ModelInferResponse)
width = answer.outputs[0].shape[1]
values = struct.unpack("<%df" % (2 * width), answer.raw_output_contents[0])
metadata = call("ModelMetadata", pb.ModelMetadataRequest(name="minilm"), pb.ModelMetadataResponse)
try:
    call("ModelInfer", pb.ModelInferRequest(model_name="nothing"), pb.ModelInferResponse)
    missing = "OK"
except grpc.RpcError as error:
    missing = error.code().name


def stream(requests):
    path = "/inference.GRPCInferenceService/ModelStreamInfer"
    answers = channel.stream_stream(path, request_serializer=pb.ModelInferRequest.SerializeToString, response_deserializer=pb.ModelStreamInferResponse.FromString)
    return list(answers(iter(requests), timeout=20))


def embed(name, identity, **more):
    request = pb.ModelInferRequest(model_name=name, id=identity, **more)
    request.inputs.add(name="text", datatype="BYTES", shape=[1]).contents.bytes_contents.append(b"a river in spring")
    return request


ladder = call("ModelInfer", embed("embed", "ladder"), pb.ModelInferResponse)
labels = call("ModelMetadata", pb.ModelMetadataRequest(name="classify"), pb.ModelMetadataResponse)
try:
    call("ModelInfer", embed("embed", "both", raw_input_contents=[raw]), pb.ModelInferResponse)
    both = "OK"
except grpc.RpcError as error:
    both = error.code().name + ": " + error.details()
streamed = stream([embed("embed", "first"), embed("nothing", "second"), embed("embed", "third")])
print(
    json.dumps(
        {
            "live": call("ServerLive", pb.ServerLiveRequest(), pb.ServerLiveResponse).live,
            "ready": call("ModelReady", pb.ModelReadyRequest(name="minilm"), pb.ModelReadyResponse).ready,
            "inputs": [tensor.name for tensor in metadata.inputs],
            "outputs": [tensor.name for tensor in metadata.outputs],
            "id": answer.id,
            "shape": list(answer.outputs[0].shape),
            "first": values[0],
            "likeness": sum(values[i] * values[width + i] for i in range(width)),
            "cost": answer.parameters["cost_nano_usd"].int64_param,
            "missing": missing,
            "ladder": list(ladder.outputs[0].shape),
            "properties": dict(labels.properties),
            "both": both,
            "streamed": [[one.infer_response.id, one.error_message, len(one.infer_response.outputs)] for one in streamed],
        }
    )
)
