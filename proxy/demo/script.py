"""What the demo model answers to a request, pure: a request in, the objects of the OpenAI wire format out.

The shapes are those of the chat completions API: ``chat.completion`` and ``chat.completion.chunk``.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from proxy.demo.answers import Answer, choose, tool_arguments
from proxy.protocol.request import choices_requested, include_usage, tool_names

MODEL = "tidegate-demo"
FINGERPRINT = "fp_tidegate_demo"

_TOKEN_SIZES = (5, 4, 6, 4, 5, 5, 6)
_TOOL_WORDS = frozenset({"tool", "tools", "function", "functions"})

Delta = dict[str, object]


@dataclass(frozen=True, slots=True)
class Line:
    """Everything one choice will say: its deltas in order, a token each, and how it ends."""

    choice: int
    deltas: tuple[Delta, ...]
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Script:
    """The whole answer to one request, ready to be streamed or sent at once."""

    answer_id: str
    created: int
    """Seconds since the epoch."""
    lines: tuple[Line, ...]
    prompt_tokens: int
    usage_wanted: bool
    logprobs_wanted: bool

    def chunks(self) -> Iterator[dict[str, object]]:
        """The chunks of a streamed answer, the choices taking turns, without the closing ``[DONE]``."""
        for line in self.lines:
            yield self._chunk(line.choice, {"role": "assistant", "content": ""}, None)
        for turn in range(max(len(line.deltas) for line in self.lines) + 1):
            for line in self.lines:
                if turn < len(line.deltas):
                    yield self._chunk(line.choice, line.deltas[turn], None)
                elif turn == len(line.deltas):
                    yield self._chunk(line.choice, {}, line.finish_reason)
        if self.usage_wanted:
            yield self._envelope("chat.completion.chunk", []) | {"usage": self._usage()}

    def completion(self) -> dict[str, object]:
        """The same answer as one object."""
        choices: list[dict[str, object]] = []
        for line in self.lines:
            logprobs = self._logprobs(line.deltas)
            choices.append(
                {
                    "index": line.choice,
                    "message": _message(line.deltas),
                    "logprobs": logprobs,
                    "finish_reason": line.finish_reason,
                }
            )
        return self._envelope("chat.completion", choices) | {"usage": self._usage()}

    def _chunk(self, choice: int, delta: Delta, finish_reason: str | None) -> dict[str, object]:
        entry = {
            "index": choice,
            "delta": delta,
            "logprobs": self._logprobs((delta,)),
            "finish_reason": finish_reason,
        }
        usage = {"usage": None} if self.usage_wanted else {}
        return self._envelope("chat.completion.chunk", [entry]) | usage

    def _envelope(self, kind: str, choices: Sequence[Mapping[str, object]]) -> dict[str, object]:
        return {
            "id": self.answer_id,
            "object": kind,
            "created": self.created,
            "model": MODEL,
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        }

    def _usage(self) -> dict[str, object]:
        said = sum(len(line.deltas) for line in self.lines)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": said,
            "total_tokens": self.prompt_tokens + said,
        }

    def _logprobs(self, deltas: Sequence[Delta]) -> dict[str, object] | None:
        said = [str(delta["content"]) for delta in deltas if delta.get("content")]
        if not self.logprobs_wanted or not said:
            return None
        entries = [
            {"token": token, "logprob": -0.125, "bytes": list(token.encode()), "top_logprobs": []} for token in said
        ]
        return {"content": entries, "refusal": None}


def write_script(body: dict[str, object], created: int) -> Script:
    """The answer to a validated request body; ``created`` in seconds since the epoch."""
    prompt = _prompt(body)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    tool = _tool_to_call(body, prompt)
    lines = []
    for choice in range(choices_requested(body)):
        if tool is None:
            deltas = _spoken(choose(prompt, choice))
        else:
            deltas = _called(tool, f"call_{_digest(prompt)}{choice}", tool_arguments(prompt))
        ending = "stop" if tool is None else "tool_calls"
        if isinstance(limit, int) and limit < len(deltas):
            deltas, ending = deltas[:limit], "length"
        lines.append(Line(choice, tuple(deltas), ending))
    return Script(
        answer_id=f"chatcmpl-{_digest(prompt)}",
        created=created,
        lines=tuple(lines),
        prompt_tokens=math.ceil(len(prompt) / 4),
        usage_wanted=include_usage(body),
        logprobs_wanted=body.get("logprobs") is True,
    )


def tokens(text: str) -> Iterator[str]:
    """Cut a text into pieces of 4 to 6 characters, as a tokenizer would; the last may be shorter."""
    start = turn = 0
    while start < len(text):
        end = start + _TOKEN_SIZES[turn % len(_TOKEN_SIZES)]
        yield text[start:end]
        start, turn = end, turn + 1


def _spoken(answer: Answer) -> list[Delta]:
    reasoning: list[Delta] = [{"reasoning_content": token} for token in tokens(answer.reasoning)]
    return reasoning + [{"content": token} for token in tokens(answer.content)]


def _called(tool: str, call_id: str, arguments: str) -> list[Delta]:
    opening = {"index": 0, "id": call_id, "type": "function", "function": {"name": tool, "arguments": ""}}
    spoken = [{"index": 0, "function": {"arguments": token}} for token in tokens(arguments)]
    return [{"tool_calls": [call]} for call in (opening, *spoken)]


def _message(deltas: Sequence[Delta]) -> dict[str, object]:
    content = "".join(str(delta["content"]) for delta in deltas if "content" in delta)
    reasoning = "".join(str(delta["reasoning_content"]) for delta in deltas if "reasoning_content" in delta)
    message: dict[str, object] = {"role": "assistant", "content": content, "refusal": None}
    if reasoning:
        message["reasoning_content"] = reasoning
    calls = [call for delta in deltas if isinstance(call := delta.get("tool_calls"), list)]
    if calls:
        opening = calls[0][0]
        arguments = "".join(part["function"]["arguments"] for (part,) in calls)
        function = {"name": opening["function"]["name"], "arguments": arguments}
        call = {"id": opening["id"], "type": "function", "function": function}
        message |= {"content": None, "tool_calls": [call]}
    return message


def _tool_to_call(body: dict[str, object], prompt: str) -> str | None:
    """The first declared tool where the prompt speaks of tools or the request insists on one, else None."""
    declared = sorted(tool_names(body))
    wanted = body.get("tool_choice")
    if not declared or wanted == "none":
        return None
    if isinstance(wanted, dict) and isinstance(function := wanted.get("function"), dict):
        return str(function["name"])
    spoken_of = _TOOL_WORDS & set(re.findall(r"[a-z]+", prompt.lower()))
    return declared[0] if wanted == "required" or spoken_of else None


def _prompt(body: Mapping[str, object]) -> str:
    """The text of the last user message; its text parts joined."""
    messages = body["messages"]
    assert isinstance(messages, list)
    contents = [message.get("content") for message in messages if message.get("role") == "user"]
    content = contents[-1] if contents else ""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return content if isinstance(content, str) else ""


def _digest(prompt: str) -> str:
    return hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()[:24]
