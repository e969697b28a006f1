"""A server of the Open Inference Protocol made from the proto alone: it echoes, whole or word by word, and fails when told to."""
import json
import struct
import sys
from concurrent import futures

generated = sys.argv[1]
sys.path.insert(0, generated)
import grpc  # noqa: E402
from inference import open_inference_pb2 as pb  # noqa: E402


def text_of(request):
    (tensor,) = [one for one in request.inputs if one.name == "text_input"]
    return tensor.contents.bytes_contents[0].decode()


def response(request, text):
    answer = pb.ModelInferResponse(model_name=request.model_name, id=request.id)
    tensor = answer.outputs.add(name="text_output", datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(text.encode())
    return answer


# How each datatype is packed raw, and its field of typed contents. @source Open Inference Protocol, "Tensor Data Types"
packed = {
    "BOOL": ("?", "bool_contents"),
    "UINT8": ("B", "uint_contents"),
    "UINT16": ("H", "uint_contents"),
    "UINT32": ("I", "uint_contents"),
    "UINT64": ("Q", "uint64_contents"),
    "INT8": ("b", "int_contents"),
    "INT16": ("h", "int_contents"),
    "INT32": ("i", "int_contents"),
    "INT64": ("q", "int64_contents"),
    "FP16": ("e", "fp32_contents"),
    "BF16": ("f", "fp32_contents"),
    "FP32": ("f", "fp32_contents"),
    "FP64": ("d", "fp64_contents"),
}


def raw_of(datatype, values):
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(one.encode())) + one.encode() for one in values)
    form, _ = packed[datatype]
    whole = [struct.pack("<" + form, one) for one in values]
    return b"".join(one[2:] if datatype == "BF16" else one for one in whole)


def given(request, wanted):
    """The tensors that the text asks for: {"raw": whether, "outputs": {name: [datatype, values]}}."""
    answer = pb.ModelInferResponse(model_name=request.model_name, id=request.id)
    for name, (datatype, values) in wanted["outputs"].items():
        tensor = answer.outputs.add(name=name, datatype=datatype, shape=[1, len(values)])
        if wanted["raw"]:
            answer.raw_output_contents.append(raw_of(datatype, values))
        elif datatype == "BYTES":
            tensor.contents.bytes_contents.extend(one.encode() for one in values)
        else:
            getattr(tensor.contents, packed[datatype][1]).extend(values)
    return answer


def infer(request, context):
    text = text_of(request)
    if text.startswith("{"):
        return given(request, json.loads(text))
    if "busy" in text:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "later")
    if "wrong" in text:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)
    return response(request, "echo: " + text)


def stream(requests, context):
    for request in requests:
        sampling = [one for one in request.inputs if one.name == "sampling_parameters"][0].contents.bytes_contents[0]
        for word in ("echo: " + text_of(request)).split(" "):
            if word == "break":
                yield pb.ModelStreamInferResponse(error_message="broken")
                return
            yield pb.ModelStreamInferResponse(infer_response=response(request, word + " "))
        yield pb.ModelStreamInferResponse(infer_response=response(request, sampling.decode()))


handlers = {
    "ModelInfer": grpc.unary_unary_rpc_method_handler(
        infer, pb.ModelInferRequest.FromString, pb.ModelInferResponse.SerializeToString
    ),
    "ModelStreamInfer": grpc.stream_stream_rpc_method_handler(
        stream, pb.ModelInferRequest.FromString, pb.ModelStreamInferResponse.SerializeToString
    ),
}
server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("inference.GRPCInferenceService", handlers),))
print("port", server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
sys.stdin.read()
