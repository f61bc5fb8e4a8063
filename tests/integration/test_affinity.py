"""Who is sent where, on a real nginx: the predictor against its answers, and clients that bring or are given a key."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.support.edge.nginx import Nginx, Stubs, slots
from tests.support.examples import examples
from tests.support.tree.plugins import load

MOST = 9
# The broadcast address is no client's, and nginx reads it as no address at all.
ADDRESSES = (st.ip_addresses(v=4) | st.ip_addresses(v=6)).map(str).filter(lambda address: address != "255.255.255.255")
# What a header can carry: a key is not ours alone to choose.
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
CLIENTS = {"ip_hash": ADDRESSES, "session": KEYS}
# Which slots are down.
LISTS = st.lists(st.booleans(), min_size=1, max_size=MOST).filter(lambda downs: not all(downs))
# An example is an nginx of its own, asked by many clients.
FEW = examples(
    40,
    settings(phases=[Phase.explicit, Phase.generate]),  # half the clients of an example is no clearer than all of them
)
affinity = load("filter", "affinity")
where = affinity.where
SETTINGS = pytest.mark.parametrize(
    ("setting", "header"), [("ip_hash", "X_Forwarded_For"), ("session", "X_Warmline_Session")]
)


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stubs]:
    stubs = Stubs(tmp_path_factory.mktemp("stubs"), MOST)
    try:
        yield stubs
    finally:
        stubs.stop()


class Edge:
    """An edge over some of the stubs, asked over one kept connection."""

    def __init__(self, nginx: Nginx, slots: list[dict[str, object]]) -> None:
        self.url, self.slots = nginx.url, slots
        self._http = httpx.Client(base_url=nginx.url)
        self._names = {str(slot["port"]): slot["name"] for slot in slots}

    def ask(self, query: str = "", **headers: str) -> httpx.Response:
        self._http.cookies.clear()
        return self._http.get(f"/v1/x{query}", headers={key.replace("_", "-"): value for key, value in headers.items()})

    def slot(self, query: str = "", **headers: str) -> object:
        return self._names[self.ask(query, **headers).text]

    def close(self) -> None:
        self._http.close()


@contextmanager
def edge(stubs: Stubs, setting: str, downs: list[bool], *, first: int = 0) -> Iterator[Edge]:
    """An edge with one slot for each of `downs`, on the stubs' ports from the `first` on."""
    listed = [slot | {"down": down} for slot, down in zip(slots(*stubs.ports[first:]), downs, strict=False)]
    with TemporaryDirectory() as folder:
        nginx = Nginx(Path(folder), listed, nginx_trusted_proxies=["127.0.0.1"], nginx_affinity=setting)
        edge = Edge(nginx, listed)
        try:
            yield edge
        finally:
            edge.close()
            nginx.stop()


def agrees(edge: Edge, predicted: Any, answered: object) -> bool:
    """Whether nginx did as predicted: the slot, or any that takes clients where none can be named."""
    if predicted is None:
        return answered in {slot["name"] for slot in edge.slots if not slot["down"]}
    return bool(predicted["name"] == answered)


@SETTINGS
@FEW
@given(downs=LISTS, data=st.data())
def test_every_client_reaches_the_slot_that_was_predicted(
    stubs: Stubs, setting: str, header: str, downs: list[bool], data: st.DataObject
) -> None:
    clients = data.draw(st.lists(CLIENTS[setting], min_size=60, max_size=90, unique=True))
    with edge(stubs, setting, downs) as asked:
        answered = {client: asked.slot(**{header: client}) for client in clients}
        predicted = {client: where(asked.slots, setting, client=client, session=client) for client in clients}
        assert {client for client in clients if not agrees(asked, predicted[client], answered[client])} == set()


@SETTINGS
def test_a_client_whose_last_choice_is_up_gets_it_and_one_choice_later_nginx_takes_turns(
    stubs: Stubs, setting: str, header: str
) -> None:
    with edge(stubs, setting, [True] * 7 + [False] * 2) as asked:
        for client in first_up_at(asked.slots, setting, affinity.CHOICES):
            assert where(asked.slots, setting, client=client, session=client)["name"] == asked.slot(**{header: client})
        for client in first_up_at(asked.slots, setting, affinity.CHOICES + 1):
            assert where(asked.slots, setting, client=client, session=client) is None
            assert len({asked.slot(**{header: client}) for _ in range(2)}) == 2


@SETTINGS
def test_a_deploy_that_gives_every_slot_another_port_moves_no_client(stubs: Stubs, setting: str, header: str) -> None:
    clients = [f"{first}.{second}.3.4" for first in (9, 77, 203) for second in range(0, 240, 4)]
    up = [False] * 4
    with edge(stubs, setting, up) as blue, edge(stubs, setting, up, first=4) as green:
        before = {client: blue.slot(**{header: client}) for client in clients}
        assert {client: green.slot(**{header: client}) for client in clients} == before
    assert len(set(before.values())) == 4


def first_up_at(slots: list[dict[str, object]], setting: str, choice: int) -> list[str]:
    """Some clients who meet nothing but slots that are down before that choice, which is up."""

    def downs(client: str) -> list[object]:
        return [slot["down"] for slot in islice(affinity.CANDIDATES[setting](slots, client), choice)]

    clients = (f"{first}.{second}.3.4" for first in range(1, 224) for second in range(256))
    found = list(islice((c for c in clients if downs(c) == [True] * (choice - 1) + [False]), 5))
    assert len(found) == 5
    return found


@pytest.fixture(scope="module")
def sessions(stubs: Stubs) -> Iterator[Edge]:
    """An edge that goes by sessions, over four slots."""
    with edge(stubs, "session", [False] * 4) as asked:
        yield asked


def test_browsers_behind_one_address_are_spread_and_each_stays_where_its_first_answer_came_from(sessions: Edge) -> None:
    firsts = []
    for _ in range(40):
        with httpx.Client(base_url=sessions.url) as browser:
            first, *later = [browser.get("/v1/x").text for _ in range(4)]
        assert set(later) == {first}
        firsts.append(first)
    assert len(set(firsts)) == 4


def test_the_key_is_given_once_and_no_script_can_read_it(sessions: Edge) -> None:
    given = sessions.ask().headers["Set-Cookie"]
    key, *attributes = given.split("; ")
    assert set(attributes) == {"Path=/", "HttpOnly", "SameSite=Lax"}
    assert "Set-Cookie" not in sessions.ask(Cookie=key).headers


def test_a_client_without_cookies_brings_a_key_of_its_own_and_is_given_none(sessions: Edge) -> None:
    for key in ("a", "ward-7", "203.0.113.7"):
        answer = sessions.ask(X_Warmline_Session=key)
        assert "Set-Cookie" not in answer.headers
        assert sessions.ask(f"?session={key}").text == answer.text
        assert sessions.ask(Cookie=f"warmline_session={key}").text == answer.text


def test_a_header_is_believed_before_a_query_and_a_query_before_a_cookie(sessions: Edge) -> None:
    others = {sessions.slot(X_Warmline_Session=str(n)): str(n) for n in range(40)}
    (first, by_header), (second, by_query), (_, by_cookie), _ = others.items()
    cookie = f"warmline_session={by_cookie}"
    assert sessions.slot(f"?session={by_query}", X_Warmline_Session=by_header, Cookie=cookie) == first
    assert sessions.slot(f"?session={by_query}", Cookie=cookie) == second


def test_without_affinity_a_client_goes_round_and_is_given_no_key(stubs: Stubs) -> None:
    with edge(stubs, "none", [False, False, True, False]) as asked:
        answers = [asked.ask(X_Forwarded_For="203.0.113.7", X_Warmline_Session="a") for _ in range(12)]
        assert where(asked.slots, "none", client="203.0.113.7", session="a") is None
    assert set(Counter(answer.text for answer in answers).values()) == {4}
    assert not any("Set-Cookie" in answer.headers for answer in answers)


def test_by_address_no_key_is_given(stubs: Stubs) -> None:
    with edge(stubs, "ip_hash", [False] * 4) as asked:
        assert "Set-Cookie" not in asked.ask().headers
