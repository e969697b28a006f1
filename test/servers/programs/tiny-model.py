"""Writes a tiny random model with a tokenizer trained on the spot, and two LoRA adapters for it.

What it says means nothing; how a server says it is real.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast

TEMPLATE = (
    "{% for tool in tools or [] %}<tool>{{ tool.function.name }}</tool>{% endfor %}"
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}"
    "{% for call in message.tool_calls or [] %}<call>{{ call.function.name }}</call>{% endfor %}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def main(folder: Path) -> None:
    torch.manual_seed(7)
    corpus = [f"{a} {b} {c}." for a in ("The sun", "Rain", "A cat") for b in ("sees", "is", "has") for c in ("it", "you")]
    special = ["<unk>", "<s>", "</s>", "<pad>", "<system>", "<user>", "<assistant>", "<tool>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(corpus * 20, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    fast.chat_template = TEMPLATE
    config = MistralConfig(
        vocab_size=len(fast),
        # Its attention on CPUs knows heads of 32 and more.
        hidden_size=128,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=1024,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=3,
    )
    model = MistralForCausalLM(config).to(torch.bfloat16)
    base = folder / "tiny"
    model.save_pretrained(base)
    fast.save_pretrained(base)
    for name in ("law", "code"):
        write_adapter(folder / name, config)


def write_adapter(folder: Path, config: MistralConfig) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rank, size = 8, config.hidden_size
    tensors = {}
    for layer in range(config.num_hidden_layers):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        tensors[f"{name}.lora_A.weight"] = torch.randn(rank, size, dtype=torch.bfloat16)
        tensors[f"{name}.lora_B.weight"] = torch.randn(size, rank, dtype=torch.bfloat16)
    save_file(tensors, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": rank, "lora_alpha": 64, "target_modules": ["q_proj"], "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps({**settings, "base_model_name_or_path": "tiny", "task_type": "CAUSAL_LM"}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
