#!/usr/bin/env bash
# onnxruntime-node 1.30.0, CPU, Node 20. Two graphs of the same forty additions on a tensor of 16 MiB. One declares its last value as graph output, the
# other all forty, as exports of encoders do that offer their hidden states or attentions. Both are run with `session.run(feeds, ['h39'])`.
#
# One would guess: what is not fetched is not kept. The runtime knows the fetched names before it computes, prunes or reuses the other buffers, and both
# graphs need the same memory: the documentation says of `fetches` that it names the outputs that are wanted.
# Seen: one value comes back from both. The process grows by about 115 MiB with one declared output and by 705 MiB with forty: every declared output
# gets a buffer of its own that lives to the end of the run. The arena has no part in it (65 and 767 MiB without). Taking unused outputs out of the graph
# is the remedy.
#
# Exits 0 while the second graph needs at least 400 MiB more than the first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python >/dev/null
python/bin/pip install --quiet --disable-pip-version-check onnx==1.22.0 >/dev/null
npm init -y >/dev/null
# Its install script would fetch CUDA libraries; the CPU's are in the package.
npm install --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0 >/dev/null 2>&1
cat > make.py <<'PY'
from onnx import TensorProto, helper, save


def make(path, declared):
    names = [f"h{index}" for index in range(40)]
    nodes = [helper.make_node("Add", [before, "x"], [name]) for before, name in zip(["x", *names], names)]
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 2048])
    graph = helper.make_graph(nodes, "sums", [value("x")], [value(name) for name in names[-declared:]])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


make("one.onnx", 1)
make("forty.onnx", 40)
PY
python/bin/python make.py
cat > run.mjs <<'JS'
import ort from 'onnxruntime-node'
const session = await ort.InferenceSession.create(process.argv[2])
const x = new ort.Tensor('float32', new Float32Array(2048 * 2048).fill(1), [2048, 2048])
const before = process.memoryUsage().rss
for (let turn = 0; turn < 3; turn += 1) {
  const results = await session.run({ x }, ['h39'])
  if (Object.keys(results).join() !== 'h39' || results.h39.data[0] !== 41) throw new Error('another answer')
}
console.log(Math.round((process.memoryUsage().rss - before) / 2 ** 20))
JS
one=$(node run.mjs one.onnx)
forty=$(node run.mjs forty.onnx)
echo "one declared output: $one MiB; forty declared, one fetched: $forty MiB"
[ $((forty - one)) -ge 400 ]
