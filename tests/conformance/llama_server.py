"""llama.cpp's own HTTP server in front of a model of a few thousand random weights, for as long as the process lives.

What such a model says is noise, but a request's ``grammar`` leaves it no choice: see :func:`only`. Needs the packages
``xllamacpp`` and ``gguf``. Run as a program it prints the address that it listens on.
"""

from __future__ import annotations

import json
import signal
import tempfile
from pathlib import Path

CONTEXT = 4096
"""Tokens; with this vocabulary a token is a byte or a character."""

_WIDTH = 32
_HIDDEN = 64
_HEADS = 4
_TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


def only(text: str) -> str:
    """A grammar (GBNF, as described in llama.cpp's grammars/README.md) of which ``text`` is the only sentence."""
    # JSON's escapes are GBNF's, as long as nothing but ASCII is left unescaped. The sentence is cut up since the proxy
    # reads the request's unknown fields too: what it hides, and placeholders that a client wrote, would be recognised.
    return "root ::= " + " ".join(json.dumps(text[at : at + 3], ensure_ascii=False) for at in range(0, len(text), 3))


def write_model(path: Path) -> None:
    """Write a one-layer llama in the GGUF format, with a SentencePiece vocabulary of all bytes and printable ASCII."""
    import gguf
    import numpy as np

    vocabulary = _vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_HIDDEN)
    writer.add_head_count(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_scores([-float(rank) for rank in range(len(vocabulary))])
    writer.add_token_types([kind for _, kind in vocabulary])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(_TEMPLATE)
    random = np.random.default_rng(0)
    for name, shape in _weights(len(vocabulary)).items():
        weights = random.standard_normal(shape) * 0.05 if len(shape) > 1 else np.ones(shape)
        writer.add_tensor(name, weights.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary() -> list[tuple[bytes, int]]:
    """Each token with its kind: 1 is text, 2 the unknown token, 3 a control token, 6 a byte."""
    special = [(b"<unk>", 2), (b"<s>", 3), (b"</s>", 3)]
    single = [(f"<0x{byte:02X}>".encode(), 6) for byte in range(256)]
    printable = [("▁" if code == 32 else chr(code)).encode() for code in range(32, 127)]
    return [*special, *single, *((token, 1) for token in printable)]


def _weights(vocabulary: int) -> dict[str, tuple[int, ...]]:
    square, norm = (_WIDTH, _WIDTH), (_WIDTH,)
    return {
        "token_embd.weight": (vocabulary, _WIDTH),
        "blk.0.attn_norm.weight": norm,
        "blk.0.attn_q.weight": square,
        "blk.0.attn_k.weight": square,
        "blk.0.attn_v.weight": square,
        "blk.0.attn_output.weight": square,
        "blk.0.ffn_norm.weight": norm,
        "blk.0.ffn_gate.weight": (_HIDDEN, _WIDTH),
        "blk.0.ffn_up.weight": (_HIDDEN, _WIDTH),
        "blk.0.ffn_down.weight": (_WIDTH, _HIDDEN),
        "output_norm.weight": norm,
        "output.weight": (vocabulary, _WIDTH),
    }


def main() -> None:
    """Serve on a free loopback port until SIGTERM."""
    import xllamacpp  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "random.gguf")
        write_model(path)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.port = 0
        parameters.n_ctx = CONTEXT
        parameters.n_parallel = 1
        parameters.n_gpu_layers = 0
        parameters.cpuparams.n_threads = 1
        parameters.warmup = False
        parameters.ui = False
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        server = xllamacpp.Server(parameters)
        print(server.listening_address, flush=True)
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main()
