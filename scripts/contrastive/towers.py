"""Small towers of CLIP or SigLIP, and the layout of the hub that they are exported in."""

import json
import os

import torch
from torch import nn

COUNTS = ["one", "two", "three", "four"]
WORDS = sorted(
    set(
        COUNTS
        + "a an of on background the small large photo picture drawing image this is with shape shapes there are".split()
        + "red green blue yellow orange purple pink brown white black grey".split()
        + [w for s in "circle square triangle star ring diamond hexagon".split() for w in (s, s + "s")]
        + ["cross", "crosses"]
    )
)
LENGTH = 16


class Vision(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        layers, before = [], 3
        for index, count in enumerate(channels):
            stride = 2 if index in (0, 1, 3) else 1
            layers += [nn.Conv2d(before, count, 3, stride, 1, bias=False), nn.BatchNorm2d(count), nn.ReLU()]
            before = count
        self.layers = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(2 * before, 128), nn.ReLU(), nn.Linear(128, width))

    def forward(self, pixel_values):
        states = self.layers(pixel_values)
        return self.head(torch.cat([states.mean((2, 3)), states.amax((2, 3))], 1))


class Text(nn.Module):
    def __init__(self, words, width):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.head = nn.Sequential(nn.Linear(width, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, width))

    def forward(self, input_ids, attention_mask=None):
        mask = ((input_ids != 0) if attention_mask is None else attention_mask).unsqueeze(2).float()
        return self.head((self.words(input_ids) * mask).sum(1) / 3)


class Towers:
    """Both towers of a model of one kind, `clip` or `siglip`, with what its layout says of them."""

    def __init__(self, kind, channels, width, side):
        self.kind, self.width, self.side = kind, width, side
        self.is_clip = kind == "clip"
        self.mean = [0.48145466, 0.4578275, 0.40821073] if self.is_clip else [0.5] * 3
        self.std = [0.26862954, 0.26130258, 0.27577711] if self.is_clip else [0.5] * 3
        self.special = ["<pad>", "<unk>", "<|startoftext|>", "<|endoftext|>"] if self.is_clip else ["<pad>", "</s>", "<unk>"]
        self.vocabulary = {word: index for index, word in enumerate(self.special + WORDS)}
        self.vision, self.text = Vision(channels, width), Text(len(self.vocabulary), width)

    def tokens(self, text):
        begin, end = self.vocabulary.get("<|startoftext|>"), self.vocabulary["<|endoftext|>" if self.is_clip else "</s>"]
        ids = [self.vocabulary[word] for word in text.split()][: LENGTH - 2]
        ids = ([begin] if begin is not None else []) + ids + [end]
        return ids + [0] * (LENGTH - len(ids))

    def export(self, out, logit_scale, logit_bias):
        """Writes the files of the layout."""
        self.vision.eval(), self.text.eval()
        onnx = os.path.join(out, "onnx")
        os.makedirs(onnx, exist_ok=True)
        axes = {0: "batch"}
        names = ("image_embeds", "text_embeds") if self.is_clip else ("pooler_output", "pooler_output")
        pixels = torch.zeros(1, 3, self.side, self.side)
        torch.onnx.export(self.vision, pixels, os.path.join(onnx, "vision_model.onnx"), input_names=["pixel_values"], output_names=[names[0]], dynamic_axes={"pixel_values": axes, names[0]: axes}, opset_version=13)
        sample = torch.tensor([self.tokens("a photo of two red circles")])
        inputs = (sample, torch.ones_like(sample)) if self.is_clip else (sample,)
        input_names = ["input_ids", "attention_mask"][: len(inputs)]
        torch.onnx.export(self.text, inputs, os.path.join(onnx, "text_model.onnx"), input_names=input_names, output_names=[names[1]], dynamic_axes={**{name: {0: "batch", 1: "tokens"} for name in input_names}, names[1]: axes}, opset_version=13)
        config = {"model_type": self.kind, "projection_dim": self.width, "logit_scale": logit_scale, "text_config": {"max_position_embeddings": LENGTH, "vocab_size": len(self.vocabulary)}, "vision_config": {"image_size": self.side}}
        if not self.is_clip:
            config["logit_bias"] = logit_bias
        write(out, "config.json", config)
        write(out, "preprocessor_config.json", self.preprocessor())
        write(out, "tokenizer.json", self.tokenizer())
        write(out, "tokenizer_config.json", {"model_max_length": LENGTH, "pad_token": "<pad>", "unk_token": "<unk>", "tokenizer_class": "CLIPTokenizer" if self.is_clip else "SiglipTokenizer"})

    def preprocessor(self):
        usual = {"do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": self.mean, "image_std": self.std, "resample": 3}
        side = {"height": self.side, "width": self.side}
        if not self.is_clip:
            return usual | {"image_processor_type": "SiglipImageProcessor", "size": side}
        return usual | {"image_processor_type": "CLIPImageProcessor", "do_convert_rgb": True, "do_center_crop": True, "size": {"shortest_edge": self.side}, "crop_size": side}

    def tokenizer(self):
        added = [{"id": index, "content": word, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for index, word in enumerate(self.special)]
        special = lambda word: {"SpecialToken": {"id": word, "type_id": 0}}
        content = {"Sequence": {"id": "A", "type_id": 0}}
        single = [special("<|startoftext|>"), content, special("<|endoftext|>")] if self.is_clip else [content, special("</s>")]
        used = [part["SpecialToken"]["id"] for part in single if "SpecialToken" in part]
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": {"type": "TemplateProcessing", "single": single, "pair": single, "special_tokens": {word: {"id": word, "ids": [self.vocabulary[word]], "tokens": [word]} for word in used}},
            "decoder": None,
            "model": {"type": "WordLevel", "vocab": self.vocabulary, "unk_token": "<unk>"},
        }


def write(out, name, value):
    with open(os.path.join(out, name), "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
