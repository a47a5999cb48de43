"""What goes upstream, whatever the client sent."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from proxy.config.deployment import UpstreamModel
from proxy.upstream.request import build_body, build_headers

names = st.text("abcdefg_", min_size=1, max_size=8)
values = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda v: st.lists(v, max_size=3), max_leaves=5)
messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "developer", "user"]), "content": st.text(max_size=5)}),
    min_size=1,
    max_size=4,
)
bodies = st.builds(lambda rest, said: rest | {"messages": said}, st.dictionaries(names, values, max_size=5), messages)


def model(**fields: object) -> UpstreamModel:
    return UpstreamModel(**({"url": "http://localhost/", "model_name": ""} | fields))  # type: ignore[arg-type]


@given(bodies)
def test_without_additions_only_our_own_fields_are_missing(body: dict[str, object]) -> None:
    before = copy.deepcopy(body)
    built = build_body(body | {"enkrypt_context": "x", "enkrypt_anything": 1}, model())
    assert built == {name: value for name, value in body.items() if not name.startswith("enkrypt_")}
    assert body == before


@given(bodies, st.dictionaries(names, values, max_size=3))
def test_defaults_fill_only_what_is_absent(body: dict[str, object], defaults: dict[str, object]) -> None:
    built = build_body(body, model(payload_defaults=tuple(defaults.items())))
    assert built == defaults | body


@given(bodies)
def test_the_saved_model_wins(body: dict[str, object]) -> None:
    built = build_body(body | {"model": "mine"}, model(model_name="theirs", system_prompt="Be good."))
    assert built["model"] == "theirs"
    sent = built["messages"]
    assert isinstance(sent, list)
    assert sent[0] == {"role": "system", "content": "Be good."}
    given_messages = body["messages"]
    assert isinstance(given_messages, list)
    leading = given_messages[0]["role"] in ("system", "developer")
    assert sent[1:] == given_messages[leading:]


def test_headers() -> None:
    secret = model(headers=(("Authorization", "Bearer s"), ("X-Request-Id", "fixed")))
    client = {"apikey": "k", "authorization": "Bearer c", "cookie": "c", "traceparent": "t", "tracestate": "v"}
    assert build_headers(secret, client, "req-1", stream=True) == {
        "content-type": "application/json",
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "x-request-id": "fixed",
        "traceparent": "t",
        "tracestate": "v",
        "authorization": "Bearer s",
    }
    assert "accept-encoding" not in build_headers(model(), {}, "req-1", stream=False)
