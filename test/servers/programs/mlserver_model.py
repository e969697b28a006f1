"""Models behind Seldon's MLServer: one of scikit-learn, trained here, and one that waits or breaks as its text says."""

import asyncio
import json
import sys
from pathlib import Path

from mlserver import MLModel, ModelSettings
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceRequest, InferenceResponse
from prometheus_client import REGISTRY, Gauge

# The server loads this module again for each of its models.
running = REGISTRY._names_to_collectors.get("slow_requests_running") or Gauge(
    "slow_requests_running", "Requests that the model works on"
)


class Slow(MLModel):
    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        [text] = StringCodec.decode_input(payload.inputs[0])
        with running.track_inprogress():
            if text.startswith("wait "):
                await asyncio.sleep(float(text.split()[1]))
            if text.startswith("break"):
                raise InferenceError("the accelerator fell over")
            if text.startswith("bug"):
                raise RuntimeError("a fault of the model's code")
        return InferenceResponse(
            model_name=self.name, model_version=self.version, outputs=[StringCodec.encode_output("label", ["weather"])]
        )


def write(folder: Path, http: int, grpc: int, metrics: int) -> None:
    """Trains the pipeline and writes the folder that `mlserver start` reads."""
    import joblib
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = ["rain all day", "sun and wind", "snow tonight", "a loaf of bread", "two apples", "salt and butter"]
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, ["weather"] * 3 + ["food"] * 3)
    weather, slow = folder / "weather", folder / "slow"
    for one in (weather, slow):
        one.mkdir(parents=True, exist_ok=True)
    joblib.dump(pipeline, weather / "model.joblib")
    strings = [{"name": "text", "datatype": "BYTES", "shape": [-1], "parameters": {"content_type": "str"}}]
    settings = {
        "name": "weather",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "inputs": strings,
        "parameters": {"uri": "./model.joblib", "version": "v1", "extra": {"predict_fn": "predict_proba"}},
    }
    (weather / "model-settings.json").write_text(json.dumps(settings))
    named = {**settings, "name": "weather-label"}
    named["parameters"] = {"uri": "../weather/model.joblib", "version": "v1"}
    label = folder / "weather-label"
    label.mkdir(exist_ok=True)
    (label / "model-settings.json").write_text(json.dumps(named))
    (slow / "model-settings.json").write_text(
        json.dumps({"name": "slow", "implementation": "mlserver_model.Slow", "inputs": strings})
    )
    versioned = folder / "versioned"
    versioned.mkdir(exist_ok=True)
    (versioned / "model-settings.json").write_text(
        json.dumps(
            {
                "name": "versioned",
                "implementation": "mlserver_model.Slow",
                "inputs": strings,
                "parameters": {"version": "v1"},
            }
        )
    )
    (folder / "settings.json").write_text(
        json.dumps(
            {
                "host": "127.0.0.1",
                "http_port": http,
                "grpc_port": grpc,
                "metrics_port": metrics,
                "parallel_workers": 0,
                "debug": False,
            }
        )
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
