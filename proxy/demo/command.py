"""`tidegate demo`: :func:`run` serves until it is told to stop, :func:`once` shows one guarded answer."""

from __future__ import annotations

import asyncio
import errno
import os
import shlex
import shutil
import signal
import sys
from contextlib import AsyncExitStack
from importlib.util import find_spec
from typing import TextIO

from proxy.demo.audience import Audience, ask
from proxy.demo.model import REALISTIC, DemoModel, Pace
from proxy.demo.present import Exchange, Style, render
from proxy.demo.stage import API_KEY, LOOPBACK, open_stage

PROMPT = "Show me the customer ticket."
_WIDEST = 140
_REACHED_AT = {"0.0.0.0": LOOPBACK, "::": "[::1]"}  # noqa: S104 - it is shown, not bound

_BANNER = """\
Tidegate is ready at {base_url} with a demo model behind it.
Deployments: demo redacts, demo-block blocks, demo-observe only reports, and demo-models asks the local models,
where `tidegate models` has built them. Ctrl-C stops it.

Paste this into another terminal:

curl -N {base_url}/v1/chat/completions \\
  -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
  -d '{{"model": "demo", "stream": true, "messages": [{{"role": "user", "content": "{prompt}"}}]}}'

Or this, with the OpenAI client{hint}:

{python} - <<'EOF'
from openai import OpenAI
client = OpenAI(base_url="{base_url}/v1", api_key="{key}")
messages = [{{"role": "user", "content": "{prompt}"}}]
for chunk in client.chat.completions.create(model="demo", messages=messages, stream=True):
    print(chunk.choices[0].delta.content or "", end="", flush=True)
EOF

The model answers "repeat: TEXT" with TEXT, and to words such as email, card, key, banned, reasoning, long.
"""


def run(host: str, port: int) -> int:
    """Serve the demo on ``host:port`` until SIGINT or SIGTERM; the exit status, 1 where it cannot listen."""
    return asyncio.run(_run(host, port))


def once(stream: TextIO | None = None, pace: Pace = REALISTIC) -> int:
    """Send a streamed request through a demo of its own; print what happened to ``stream`` (standard output).

    Colours are used where the stream is a terminal and ``NO_COLOR`` is unset or empty (no-color.org). Gives
    the exit status: 1 where the answer did not come to its end.
    """
    stream = sys.stdout if stream is None else stream
    exchange = asyncio.run(_once(pace))
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    columns = shutil.get_terminal_size((100, 24)).columns
    stream.write(render(exchange, Style(min(columns, _WIDEST), colour)))
    return 0 if exchange.finish_reason else 1


def banner(host: str, port: int) -> str:
    """What is printed when the demo is ready: where it is, and two commands to paste."""
    shown = _REACHED_AT.get(host, f"[{host}]" if ":" in host else host)
    installed = find_spec("openai") is not None
    return _BANNER.format(
        base_url=f"http://{shown}:{port}",
        key=API_KEY,
        prompt=PROMPT,
        python=shlex.quote(sys.executable) if installed else "python3",
        hint="" if installed else " (pip install openai)",
    )


async def _run(host: str, port: int) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop.set)
    async with AsyncExitStack() as stack:
        try:
            actual_port = await stack.enter_async_context(open_stage(host, port, DemoModel()))
        except OSError as error:
            print(f"tidegate: {_cannot_listen(host, port, error)}", file=sys.stderr)
            return 1
        print(banner(host, actual_port), flush=True)
        await stop.wait()
    print("Stopped.")
    return 0


async def _once(pace: Pace) -> Exchange:
    audience = Audience()
    async with open_stage(LOOPBACK, 0, DemoModel(pace, listener=audience), [audience]) as port:
        received = await ask(f"http://{LOOPBACK}:{port}", PROMPT)
    return Exchange(
        prompt=PROMPT,
        said=audience.text,
        received=received.text,
        finish_reason=received.finish_reason,
        holds=tuple(audience.holds),
        first_token=audience.first_token,
        detections=received.output_section,
    )


def _cannot_listen(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; choose another with --port (or make run PORT=...)"
    return f"cannot listen on {host}:{port}: {error.strerror or error}"
