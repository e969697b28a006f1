"""A gRPC server that answers as a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from sluice_client.v1 import gateway_pb2 as g
from sluice_client.v1.content_pb2 import Output

Infer = Callable[[g.InferRequest, grpc.ServicerContext], g.InferResponse]
InferStream = Callable[[g.InferRequest, grpc.ServicerContext], Iterator[g.InferEvent]]


def answer(text: str = "well") -> g.InferResponse:
    return g.InferResponse(output=Output(text=text))


def refuse(context: grpc.ServicerContext, status: grpc.StatusCode, message: str, *details: Any) -> None:
    """Ends a call as the gateway does: with a status and its details."""
    whole = status_pb2.Status(code=status.value[0], message=message)
    for one in details:
        whole.details.add().Pack(one)
    context.set_trailing_metadata((("grpc-status-details-bin", whole.SerializeToString()),))
    context.abort(status, message)


def retry_info(seconds: float) -> error_details_pb2.RetryInfo:
    info = error_details_pb2.RetryInfo()
    info.retry_delay.FromMilliseconds(round(seconds * 1000))
    return info


@contextmanager
def serving(
    infer: Infer | None = None,
    stream: InferStream | None = None,
    credentials: grpc.ServerCredentials | None = None,
) -> Iterator[str]:
    """Serves these, and gives the address."""
    server = grpc.server(futures.ThreadPoolExecutor(8))
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    if infer is not None:
        methods["Infer"] = grpc.unary_unary_rpc_method_handler(
            infer, g.InferRequest.FromString, g.InferResponse.SerializeToString
        )
    if stream is not None:
        methods["InferStream"] = grpc.unary_stream_rpc_method_handler(
            stream, g.InferRequest.FromString, g.InferEvent.SerializeToString
        )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("sluice.v1.Gateway", methods),))
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None)
