"""Trains a small CLIP or SigLIP on pictures of shapes and exports it in the layout of the hub.

usage: python3 scripts/contrastive/train.py clip|siglip|siglip-large OUT STEPS SECONDS   (torch 1.13, Debian's python3-torch)
It stops after SECONDS; run again it goes on from OUT/state.pt, up to STEPS in all. Pictures are drawn as they are
needed, by another program than the one that draws those of the tests (draw-shapes.mjs).
"""

import math
import os
import random
import sys
import time

import torch
from torch import nn
import torch.nn.functional as F

from towers import COUNTS, Towers

size, out, most_steps, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
# Side of a picture as the model sees it, channels of its layers, pictures a step, and side at which they are drawn.
side, channels, BATCH, SUPER = {
    "clip": (32, [16, 32, 48, 64], 192, 64),
    "siglip": (48, [24, 48, 64, 96], 192, 64),
    "siglip-large": (64, [24, 48, 64, 96], 96, 64),
}[size]
kind = size.split("-")[0]
torch.set_num_threads(1)
torch.manual_seed(0 if kind == "clip" else 1)
random.seed(os.urandom(8))

TEMPLATES = ["{}", "a photo of {}", "a picture of {}", "a drawing of {}", "an image with {}", "this is a photo of {}"]


def noun(scene):
    if scene["count"] == 1:
        return scene["shape"]
    return "crosses" if scene["shape"] == "cross" else scene["shape"] + "s"


def caption(scene):
    """A caption of all of a scene most often, else of a part of it, as labels of classes are."""
    full = random.random() < 0.6
    keep = lambda chance: full or random.random() < chance
    words = []
    words.append(COUNTS[scene["count"] - 1] if keep(0.5) else "")
    words.append(scene["size"] if keep(0.3) else "")
    words.append(scene["colour"] if keep(0.6) else "")
    words.append(noun(scene) if keep(0.8) else ("shape" if scene["count"] == 1 else "shapes"))
    tail = f" on a {scene['ground']} background" if keep(0.3) else ""
    text = " ".join(word for word in words if word) + tail
    if words[0] == "" and random.random() < 0.5:
        text = "a " + text
    return random.choice(TEMPLATES).format(text)


towers = Towers(kind, channels, 64, side)
vision, text = towers.vision, towers.text
scale = nn.Parameter(torch.tensor(math.log(10.0)))
bias = nn.Parameter(torch.tensor(-10.0 if kind == "siglip" else 0.0))
parameters = [*vision.parameters(), *text.parameters(), scale] + ([bias] if kind == "siglip" else [])
optimiser = torch.optim.AdamW(parameters, 3e-3, weight_decay=0.01)
state_path = os.path.join(out, "state.pt")
os.makedirs(out, exist_ok=True)
steps = 0
if os.path.exists(state_path):
    state = torch.load(state_path)
    vision.load_state_dict(state["vision"]), text.load_state_dict(state["text"])
    optimiser.load_state_dict(state["optimiser"])
    scale.data, bias.data, steps = state["scale"], state["bias"], state["steps"]

mean, std = (torch.tensor(values).view(3, 1, 1) for values in (towers.mean, towers.std))
SHAPES = ["circle", "square", "triangle", "star", "cross", "ring", "diamond", "hexagon"]
COLOURS = {"red": "dd2222", "green": "22aa33", "blue": "2233dd", "yellow": "eedd22", "orange": "ff8822", "purple": "8833bb", "pink": "ff88bb", "brown": "885522"}
GROUNDS = {"white": "ffffff", "black": "111111", "grey": "999999"}
lines = (torch.arange(SUPER) + 0.5) * (128 / SUPER)
GRID = torch.stack(torch.meshgrid(lines, lines, indexing="xy"))


def rgb(text):
    return [int(text[at : at + 2], 16) / 255 for at in (0, 2, 4)]


def inside(shape, x, y):
    """How far a point is outside of a shape of radius 1, below 0 within."""
    r = (x * x + y * y).sqrt()
    if shape == "circle":
        return r - 0.9
    if shape == "square":
        return torch.maximum(x.abs(), y.abs()) - 0.78
    if shape == "cross":
        return torch.minimum(torch.maximum(x.abs() - 0.3, y.abs() - 0.95), torch.maximum(x.abs() - 0.95, y.abs() - 0.3))
    if shape == "ring":
        return (r - 0.725).abs() - 0.225
    if shape == "diamond":
        return (x.abs() / 0.62 + y.abs() - 1) * 0.5
    corners = {"triangle": 3, "hexagon": 6, "star": 5}[shape]
    sector = 2 * math.pi / corners
    angle = torch.remainder(torch.atan2(x, -y) + sector / 2, sector) - sector / 2
    if shape != "star":
        return r * torch.cos(angle.abs() - sector / 2) - math.cos(sector / 2)
    along, beside = r * torch.cos(angle.abs()), r * torch.sin(angle.abs())
    inner_x, inner_y = 0.42 * math.cos(sector / 2), 0.42 * math.sin(sector / 2)
    edge = math.hypot(inner_x - 1, inner_y)
    return ((along - 1) * inner_y - beside * (inner_x - 1)) / edge


def draw(count):
    scenes = [{"shape": random.choice(SHAPES), "colour": random.choice(list(COLOURS)), "count": random.randint(1, 4), "size": random.choice(["small", "large"]), "ground": random.choice(list(GROUNDS))} for _ in range(count)]
    pictures = torch.tensor([rgb(GROUNDS[s["ground"]]) for s in scenes]).view(count, 3, 1, 1).expand(count, 3, SUPER, SUPER).clone()
    placed = {shape: [] for shape in SHAPES}
    for row, s in enumerate(scenes):
        radius = (9 if s["size"] == "small" else 19) * random.uniform(0.9, 1.1)
        places = []
        for _ in range(2000):
            if len(places) == s["count"]:
                break
            place = (random.uniform(radius, 128 - radius), random.uniform(radius, 128 - radius))
            if all(math.dist(place, other) > 2.05 * radius for other in places):
                places.append(place)
        for place in places:
            placed[s["shape"]].append((row, *place, radius, math.radians(random.uniform(-12, 12)), *rgb(COLOURS[s["colour"]])))
    for shape, items in placed.items():
        if not items:
            continue
        t = torch.tensor(items)
        dx = (GRID[0][None] - t[:, 1].view(-1, 1, 1)) / t[:, 3].view(-1, 1, 1)
        dy = (GRID[1][None] - t[:, 2].view(-1, 1, 1)) / t[:, 3].view(-1, 1, 1)
        cos, sin = t[:, 4].cos().view(-1, 1, 1), t[:, 4].sin().view(-1, 1, 1)
        distance = inside(shape, cos * dx + sin * dy, cos * dy - sin * dx) * t[:, 3].view(-1, 1, 1) * SUPER / 128
        cover = (0.5 - distance).clamp(0, 1).unsqueeze(1)
        for item, row in enumerate(t[:, 0].long().tolist()):
            pictures[row] = pictures[row] * (1 - cover[item]) + t[item, 5:8].view(3, 1, 1) * cover[item]
    noise = torch.rand(count, 1, 1, 1) * 0.1
    pictures = (pictures + (torch.rand_like(pictures) + torch.rand_like(pictures) - 1) * noise).clamp(0, 1)
    if towers.side != SUPER:
        pictures = F.interpolate(pictures, towers.side, mode="area")
    return (pictures - mean) / std, scenes


def similarity(images, texts):
    return F.normalize(images, dim=1) @ F.normalize(texts, dim=1).T


began = time.time()
while steps < most_steps and time.time() - began < seconds:
    images, batch = draw(BATCH)
    ids = torch.tensor([towers.tokens(caption(scene)) for scene in batch])
    cosines = similarity(vision(images), text(ids))
    logits = cosines * scale.exp().clamp(max=100)
    if kind == "clip":
        target = torch.arange(BATCH)
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    else:
        sign = 2 * torch.eye(BATCH) - 1
        loss = -F.logsigmoid(sign * (logits + bias)).sum() / BATCH
    for group in optimiser.param_groups:
        group["lr"] = 3e-3 * min(1, (steps + 1) / 50) * max(0.02, 1 - steps / most_steps)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    steps += 1
    if steps % 20 == 0:
        print(steps, round(loss.item(), 3), "scale", round(scale.exp().item(), 1), "bias", round(bias.item(), 2), flush=True)

torch.save({"vision": vision.state_dict(), "text": text.state_dict(), "optimiser": optimiser.state_dict(), "scale": scale.data, "bias": bias.data, "steps": steps}, state_path)
towers.export(out, logit_scale=round(min(100.0, scale.exp().item()), 4), logit_bias=round(bias.item(), 4))

vision.eval(), text.eval()
with torch.no_grad():
    held = 500
    images, batch = draw(held)
    full = [f"{COUNTS[s['count'] - 1]} {s['size']} {s['colour']} {noun(s)} on a {s['ground']} background" for s in batch]
    unique = sorted(set(full))
    cosines = similarity(vision(images), text(torch.tensor([towers.tokens(one) for one in unique])))
    best = cosines.argmax(1)
    right = sum(unique[b] == one for b, one in zip(best.tolist(), full)) / held
print("steps", steps, "held-out recall@1 among", len(unique), "captions:", right, flush=True)
