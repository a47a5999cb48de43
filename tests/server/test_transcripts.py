"""Every transcript, as it was cut and cut in any other way, without sockets and over them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.events import StreamClosed
from tests.server.transcript_runner import MAX_EVENT_BYTES, replay
from tests.support.proxies import ask, configuration, deployment, tidegate
from tests.support.transcripts import Transcript, load
from tests.support.upstreams import Connection, upstream

FILES = sorted((Path(__file__).parent.parent / "transcripts").glob("*.txt"))
TRANSCRIPTS = {path.stem: load(path) for path in FILES}

every_transcript = pytest.mark.parametrize("name", TRANSCRIPTS)


def expected(transcript: Transcript) -> tuple[int, bytes, str]:
    return transcript.status, transcript.client, transcript.outcome


@every_transcript
def test_as_it_was_cut(name: str) -> None:
    transcript = TRANSCRIPTS[name]
    assert replay(transcript, transcript.reads) == expected(transcript)


@every_transcript
def test_one_byte_at_a_time(name: str) -> None:
    transcript = TRANSCRIPTS[name]
    reads = [bytes([byte]) for byte in b"".join(transcript.reads)]
    assert replay(transcript, reads) == expected(transcript)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_cut_anywhere(data: st.DataObject) -> None:
    transcript = TRANSCRIPTS[data.draw(st.sampled_from(sorted(TRANSCRIPTS)))]
    sent = b"".join(transcript.reads)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=12)))
    reads = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    assert replay(transcript, reads) == expected(transcript)


@every_transcript
async def test_over_sockets(name: str) -> None:
    transcript = TRANSCRIPTS[name]

    async def script(connection: Connection) -> None:
        await connection.head()
        for read in transcript.reads:
            await connection.chunk(read)
        match transcript.end:
            case "close":
                await connection.end()
            case "lost":
                connection.close()
            case _:
                await connection.gone()

    usage = {"stream_options": {"include_usage": True}} if transcript.include_usage else {}
    # The proxy's estimate of usage counts the request's text, of which a replay has none.
    asked = ask(messages=[{"role": "user", "content": ""}], n=transcript.n, **usage)
    async with upstream(script) as model:
        known = deployment(model.url, output_policy=transcript.policy, max_event_bytes=MAX_EVENT_BYTES)
        async with tidegate(configuration(known)) as proxy:
            async with proxy.post(body=asked) as response:
                body = await response.read()
            closed = await proxy.recorder.first(StreamClosed)
    assert (response.status, body, closed.outcome) == expected(transcript)
