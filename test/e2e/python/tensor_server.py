"""A server of the Open Inference Protocol made from the proto alone: it echoes, whole or word by word, and fails when told to."""
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


def infer(request, context):
    text = text_of(request)
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
