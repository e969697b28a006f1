"""Generates the messages from the protos of the repository. A source distribution has them already."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAMES = ("content", "gateway")


class MessageHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        protos = Path(self.root).parent.parent / "proto" / "sluice" / "v1"
        if protos.is_dir():
            generate(protos, Path(self.root) / "src")


def generate(protos: Path, target: Path) -> None:
    """Writes the messages into the package, so that they share no module with anything else that is installed."""
    from grpc_tools import protoc

    (target / "sluice_client" / "v1").mkdir(exist_ok=True)
    (target / "sluice_client" / "v1" / "__init__.py").write_text('"""The messages of the protos."""\n')
    included = str(Path(protoc.__file__).parent / "_proto")
    with tempfile.TemporaryDirectory() as folder:
        moved = Path(folder) / "sluice_client" / "v1"
        moved.mkdir(parents=True)
        for name in NAMES:
            text = (protos / f"{name}.proto").read_text()
            (moved / f"{name}.proto").write_text(text.replace('import "sluice/v1/', 'import "sluice_client/v1/'))
        files = [f"sluice_client/v1/{name}.proto" for name in NAMES]
        # The stubs of protoc itself take the field `bytes` of a message for the type.
        where = [f"-I{folder}", f"-I{included}", f"--python_out={target}", f"--mypy_out={target}"]
        if protoc.main(["protoc", *where, *files]) != 0:
            raise RuntimeError("protoc could not read the protos")
