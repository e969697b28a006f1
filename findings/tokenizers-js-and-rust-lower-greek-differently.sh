#!/usr/bin/env bash
# @huggingface/tokenizers 0.2.0 (JavaScript) and tokenizers 0.22.1 (Rust, from Python), one tokenizer.json with BERT's uncased normalizer.
#
# One would guess: one file gives one list of tokens. Both packages come from one publisher, and the file says everything.
# Seen: a Greek word in capitals that ends in a sigma gets other tokens. The Rust package lowers one character at a time (ΟΔΟΣ -> οδοσ),
# the JavaScript one the whole text, where Unicode's rule for a final sigma holds (ΟΔΟΣ -> οδος). An index of embeddings that Python wrote
# is asked with other vectors from Node. Words in small letters, and capitals without a final sigma, agree.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-save --ignore-scripts --no-audit --no-fund @huggingface/tokenizers@0.2.0 >/dev/null 2>&1
python3 -m venv python >/dev/null
python/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: tokenizers==0.22.1
cat > finding.py <<'PY'
import json
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

words = ["[UNK]", "οδος", "οδοσ", "αθηνα"]
tokenizer = Tokenizer(models.WordPiece({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.save("tokenizer.json")
print(json.dumps([tokenizer.encode(text).tokens for text in ["ΟΔΟΣ", "οδος", "ΑΘΗΝΑ"]], ensure_ascii=False))
PY
cat > finding.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { Tokenizer } from '@huggingface/tokenizers'

const tokenizer = new Tokenizer(JSON.parse(readFileSync('tokenizer.json', 'utf8')), {})
console.log(JSON.stringify(['ΟΔΟΣ', 'οδος', 'ΑΘΗΝΑ'].map(text => tokenizer.encode(text).tokens)))
JS
rust=$(python/bin/python finding.py | tr -d ' ')
javascript=$(node finding.mjs | tr -d ' ')
echo "Rust:       $rust"
echo "JavaScript: $javascript"
[ "$rust" = '[["οδοσ"],["οδος"],["αθηνα"]]' ] && [ "$javascript" = '[["οδος"],["οδος"],["αθηνα"]]' ]
