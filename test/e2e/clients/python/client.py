"""A client of Sluice that shares no code with it: plain grpcio, with messages made by protoc from the project's own proto.

usage: client.py ADDRESS GENERATED_FOLDER
Prints one JSON object: what Infer, InferStream, Submit with WatchJob, GetJob, health and a bad request gave.
"""

import json
import sys

import grpc

address, generated = sys.argv[1:3]
sys.path.insert(0, generated)

from sluice.v1 import content_pb2, gateway_pb2  # noqa: E402
from health.v1 import health_pb2  # noqa: E402


def unary(channel, path, request, reply):
    call = channel.unary_unary(path, type(request).SerializeToString, reply.FromString)
    return call(request, timeout=10)


def stream(channel, path, request, reply):
    call = channel.unary_stream(path, type(request).SerializeToString, reply.FromString)
    return list(call(request, timeout=10))


def text(words):
    return gateway_pb2.InferRequest(task=content_pb2.TASK_GENERATE, content=[content_pb2.Part(text=words)])


out = {}
with grpc.insecure_channel(address) as channel:
    gateway = "/sluice.v1.Gateway/"
    answer = unary(channel, gateway + "Infer", text("hello from python"), gateway_pb2.InferResponse)
    out["infer"] = {"text": answer.output.text, "model": answer.model, "cost": answer.cost_nano_usd}

    events = stream(channel, gateway + "InferStream", text("confidence=0.1 hard"), gateway_pb2.InferEvent)
    out["stream"] = {
        "kinds": [event.WhichOneof("event") for event in events],
        "text": "".join(event.text_delta.text for event in events if event.WhichOneof("event") == "text_delta"),
        "final": events[-1].final.model,
    }

    submit = gateway_pb2.SubmitRequest(request=text("confidence=0.1 job"))
    submit.request.idempotency_key = "python-1"
    job = unary(channel, gateway + "Submit", submit, gateway_pb2.Job)
    again = unary(channel, gateway + "Submit", submit, gateway_pb2.Job)
    watched = stream(channel, gateway + "WatchJob", gateway_pb2.WatchJobRequest(job_id=job.job_id), gateway_pb2.Job)
    out["job"] = {
        "same": job.job_id == again.job_id,
        "state": gateway_pb2.JobState.Name(watched[-1].state),
        "rungs": [rung.model for rung in watched[-1].rungs],
    }

    check = health_pb2.HealthCheckRequest(service="sluice.v1.Gateway")
    health = unary(channel, "/grpc.health.v1.Health/Check", check, health_pb2.HealthCheckResponse)
    out["health"] = health_pb2.HealthCheckResponse.ServingStatus.Name(health.status)

    try:
        unary(channel, gateway + "Infer", gateway_pb2.InferRequest(), gateway_pb2.InferResponse)
    except grpc.RpcError as error:
        out["bad"] = {"status": error.code().name, "message": error.details()}

print(json.dumps(out))
