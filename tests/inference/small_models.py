"""Models of a few bytes, written by the tests: real graphs and tokenizers in real directories."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = ("good", "bad", "ugly", "ann", "bo", "rome", "and", "met", "in", "is")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
VOCABULARY = {word: number for number, word in enumerate((*SPECIAL, *WORDS))}


def write_tokenizer(path: Path) -> None:
    """A tokenizer of words, with marks at both ends. Like exported ones, it comes with settings of its own."""
    tokenizer = Tokenizer(models.WordLevel(VOCABULARY, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_padding(length=64)
    tokenizer.enable_truncation(16)
    tokenizer.save(str(path))


def table(labels: int, values: Mapping[str, Sequence[float]]) -> NDArray[np.float32]:
    """What each token adds to each output; 0 where ``values`` says nothing."""
    rows = np.zeros((len(VOCABULARY), labels), np.float32)
    for word, row in values.items():
        rows[VOCABULARY[word]] = row
    return rows


def save_graph(
    path: Path, nodes: Sequence[Any], constants: Mapping[str, NDArray[Any]], output: str, rank: int, *inputs: str
) -> None:
    """Write a graph from token ids and whatever else is in ``inputs``."""
    given = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"]) for name in ("input_ids", *inputs)]
    made = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["b", "s", "x"][:rank])
    held = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(list(nodes), "small", given, [made], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))


def write_model(
    folder: Path,
    rows: NDArray[np.float32],
    config: Mapping[str, object],
    *,
    task: str = "sequence",
    company: bool = False,
) -> Path:
    """Write a directory whose model adds up (sequence) or lists (token, features) the ``rows`` of its tokens.

    With ``company``, an output depends on the whole batch, as with dynamic quantization.
    """
    folder.mkdir(parents=True, exist_ok=True)
    nodes = [helper.make_node("Gather", ["rows", "input_ids"], ["each"])]
    constants: dict[str, NDArray[Any]] = {"rows": rows}
    if company:
        nodes += [
            helper.make_node("ReduceMax", ["each"], ["most"], keepdims=0),
            helper.make_node("Add", ["each", "most"], ["moved"]),
        ]
    last = "moved" if company else "each"
    output = "last_hidden_state" if task == "features" else "logits"
    if task == "sequence":
        constants["two"] = np.array([2], np.int64)
        constants["one"] = np.array([1], np.int64)
        nodes += [
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "two"], ["wide"]),
            helper.make_node("Mul", [last, "wide"], ["shown"]),
            helper.make_node("ReduceSum", ["shown", "one"], [output], keepdims=0),
        ]
    else:
        nodes.append(helper.make_node("Identity", [last], [output]))
    inputs = ("attention_mask",) if task == "sequence" else ()
    save_graph(folder / "model.onnx", nodes, constants, output, 2 if task == "sequence" else 3, *inputs)
    write_tokenizer(folder / "tokenizer.json")
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def two_labels(folder: Path, **more: object) -> Path:
    """A classifier: each "bad" speaks for the label bad, each "good" for the label good, by 2."""
    rows = table(2, {"good": (2, 0), "bad": (0, 2)})
    config: dict[str, object] = {"id2label": {"0": "good", "1": "bad"}, "max_position_embeddings": 32} | more
    return write_model(folder, rows, config)


def names(folder: Path) -> Path:
    """A token classifier that knows two persons and a city."""
    rows = table(3, {"ann": (0, 8, 0), "bo": (0, 8, 0), "rome": (0, 0, 8)})
    rows[:, 0] += 4
    config = {
        "architectures": ["BertForTokenClassification"],
        "id2label": {"0": "O", "1": "B-GIVEN_NAME", "2": "B-CITY"},
        "max_position_embeddings": 16,
    }
    return write_model(folder, rows, config, task="token")


def features(folder: Path) -> Path:
    """An embedding model whose vectors count words."""
    return write_model(folder, np.eye(len(VOCABULARY), dtype=np.float32), {}, task="features")
