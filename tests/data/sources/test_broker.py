"""Topics of real brokers: landed on disk once, whatever happens, then read."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from brokers_here import free_port, kafka, nats
from fullcycle.data.sources import broker
from fullcycle.data.sources.broker import land_topic, read_topic
from fullcycle.data.sources.brokers import landed
from fullcycle.data.sources.brokers.topic import Address, Bounds
from fullcycle.data.sources.read import read
from fullcycle.data.sources.reading import Reading, whole
from fullcycle.data.sources.settings import Source
from fullcycle.kernel.errors import Corrupt, InputError, OutsideError

KILLED = Path(__file__).with_name("landing_killed.py")
Publish = Callable[..., None]
"""Publishes messages, each a dict or bytes, under a topic or subject."""


def source(location: str, name: str = "orders", timeout: str = "10s") -> Source:
    return Source(name=name, location=location, timeout=timeout)


def ids(reading: Reading) -> list[int]:
    return sorted(whole(reading)["id"].to_list())


def body(message: Any) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message).encode()


# --- NATS JetStream


@pytest.fixture(scope="module")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("nats", reason="install: pip install nats-py")
    with nats(tmp_path_factory.mktemp("nats")) as address:
        yield address


def on_stream(address: str, work: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    async def connected() -> None:
        import nats as client

        connection = await client.connect(f"nats://{address}")
        await work(connection.jetstream())
        await connection.close()

    asyncio.run(connected())


def stream(address: str, name: str, messages: list[tuple[str, Any]] | None = None) -> None:
    """Make the stream unless it is there, and publish *messages*: subject and content of each."""

    async def work(jet: Any) -> None:
        await jet.add_stream(name=name, subjects=[f"{name}.>"])
        for subject, message in messages or []:
            await jet.publish(f"{name}.{subject}", body(message))

    on_stream(address, work)


def test_a_stream_is_landed_and_read(nats_server: str, tmp_path: Path) -> None:
    stream(nats_server, "ONE", [("de", {"id": 1, "to": {"city": "Bonn"}}), ("fr", b"not json"), ("de", {"id": 2})])
    asked = source(f"nats://{nats_server}/ONE")
    reading = read(asked, tmp_path)
    rows = whole(reading)
    assert rows.select("id", "to.city", "_topic", "_partition", "_offset").rows() == [
        (1, "Bonn", "ONE.de", 0, 1),
        (2, None, "ONE.de", 0, 3),
    ]
    assert rows["_arrived"].str.to_datetime(time_zone="UTC").is_sorted()
    assert reading.broken().rows() == [("orders", 2, "not json", "not a JSON object")]
    assert read(asked, tmp_path).fingerprint == reading.fingerprint
    stream(nats_server, "ONE", [("de", {"id": 3})])
    again = read(asked, tmp_path)
    assert ids(again) == [1, 2, 3]
    assert again.fingerprint != reading.fingerprint
    assert len(landed.segments(tmp_path / ".fullcycle" / "landed" / "orders")) == 2


def test_one_subject_of_a_stream(nats_server: str, tmp_path: Path) -> None:
    stream(nats_server, "TWO", [(("de", "fr")[number % 2], {"id": number}) for number in range(9)])
    asked = source(f"nats://{nats_server}/TWO?subject=TWO.fr")
    assert ids(read_topic(asked, tmp_path)) == [1, 3, 5, 7]
    assert ids(read_topic(asked, tmp_path)) == [1, 3, 5, 7]


def test_messages_that_are_gone_are_told(nats_server: str, tmp_path: Path) -> None:
    asked = source(f"nats://{nats_server}/GONE")
    stream(nats_server, "GONE", [("a", {"id": number}) for number in range(4)])
    read_topic(asked, tmp_path)
    stream(nats_server, "GONE", [("a", {"id": number}) for number in range(4, 9)])
    on_stream(nats_server, lambda jet: jet.purge_stream("GONE", seq=8))
    reading = read_topic(asked, tmp_path)
    assert ids(reading) == [0, 1, 2, 3, 7, 8]
    assert reading.broken()["reason"].to_list() == [
        "offsets 5 to 7 of partition 0 were deleted before they were landed"
    ]


def test_a_stream_made_anew_is_another(nats_server: str, tmp_path: Path) -> None:
    asked = source(f"nats://{nats_server}/ANEW")
    stream(nats_server, "ANEW", [("a", {"id": 1})])
    read_topic(asked, tmp_path)
    on_stream(nats_server, lambda jet: jet.delete_stream("ANEW"))
    stream(nats_server, "ANEW", [("a", {"id": 1}), ("a", {"id": 2})])
    with pytest.raises(InputError, match="begins anew"):
        read_topic(asked, tmp_path)
    with pytest.raises(InputError, match="another topic was landed for this source: found 'ANEW'"):
        read_topic(source(f"nats://{nats_server}/ONE"), tmp_path)


@pytest.mark.parametrize(("moment", "survived"), [("before", 0), ("before", 2), ("after", 1)])
def test_killed_while_landing_nothing_is_lost_or_doubled(
    nats_server: str, tmp_path: Path, moment: str, survived: int
) -> None:
    name = f"KILL{moment}{survived}"
    stream(nats_server, name, [("a", {"id": number}) for number in range(35)])
    location = f"nats://{nats_server}/{name}"
    command = [sys.executable, str(KILLED), location, str(tmp_path / ".fullcycle"), moment, str(survived)]
    assert subprocess.run(command, capture_output=True).returncode == -9
    folder = tmp_path / ".fullcycle" / "landed" / "orders"
    assert len(landed.segments(folder)) == survived + (moment == "after")
    assert ids(read_topic(source(location), tmp_path)) == list(range(35))
    assert [path.name for path in folder.iterdir() if path.suffix != ".jsonl"] == [".lock"]


def test_a_damaged_segment_is_told(nats_server: str, tmp_path: Path) -> None:
    asked = source(f"nats://{nats_server}/BAD")
    stream(nats_server, "BAD", [("a", {"id": 1}), ("a", {"id": 2})])
    (segment,) = landed.segments(land_topic(asked, tmp_path / ".fullcycle"))
    segment.write_bytes(segment.read_bytes()[:-20])
    with pytest.raises(Corrupt, match=r"00000001.jsonl: a segment of landed messages is damaged"):
        read_topic(asked, tmp_path)
    segment.write_bytes(b"")
    with pytest.raises(Corrupt, match="no first line"):
        read_topic(asked, tmp_path)


def test_what_is_wrong_with_a_stream(nats_server: str, tmp_path: Path) -> None:
    stream(nats_server, "EMPTY")
    with pytest.raises(InputError, match="no message of the topic is a JSON object: found '0 messages'"):
        read_topic(source(f"nats://{nats_server}/EMPTY"), tmp_path)
    with pytest.raises(InputError, match=r"the stream is missing.* did you mean 'EMPTY'"):
        read_topic(source(f"nats://{nats_server}/EMTY", "other"), tmp_path)
    with pytest.raises(InputError, match="the location names no topic"):
        read_topic(source(f"nats://{nats_server}"), tmp_path)


def test_a_login_of_nats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nats", reason="install: pip install nats-py")
    with nats(tmp_path / "store", "--user", "ana", "--pass", "s3cret") as address:
        monkeypatch.setenv("NATS_PASSWORD", "s3cret")
        with pytest.raises(InputError, match=r"the stream is missing"):
            read_topic(source(f"nats://ana:${{NATS_PASSWORD}}@{address}/ONE"), tmp_path)
        with pytest.raises(InputError, match="refuses access") as refused:
            read_topic(source(f"nats://ana:wr0ng@{address}/ONE"), tmp_path)
        assert "wr0ng" not in str(refused.value)


def test_a_broker_that_is_down(tmp_path: Path) -> None:
    pytest.importorskip("nats", reason="install: pip install nats-py")
    pytest.importorskip("confluent_kafka", reason="install: pip install confluent-kafka")
    for scheme in ("nats", "kafka"):
        with pytest.raises(OutsideError, match="the broker does not answer"):
            read_topic(source(f"{scheme}://127.0.0.1:{free_port()}/orders", timeout="500ms"), tmp_path)


# --- Kafka


@pytest.fixture(scope="module")
def kafka_server() -> Iterator[str]:
    pytest.importorskip("confluent_kafka", reason="install: pip install confluent-kafka")
    with kafka() as address:
        yield address


def topic(address: str, name: str, partitions: int = 1) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result(10)


def publish(address: str, name: str, messages: list[Any], partition: int = 0) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": address})
    for message in messages:
        producer.produce(name, None if message is None else body(message), partition=partition)
    assert producer.flush(10) == 0


def test_a_topic_of_kafka_is_landed_and_read(kafka_server: str, tmp_path: Path) -> None:
    topic(kafka_server, "orders", 2)
    publish(kafka_server, "orders", [{"id": 1}, b"\xff\xfe", {"id": 2}])
    publish(kafka_server, "orders", [{"id": 3}, None], partition=1)
    asked = source(f"kafka://{kafka_server}/orders")
    reading = read(asked, tmp_path)
    rows = whole(reading).select("id", "_topic", "_partition", "_offset")
    assert rows.sort("id").rows() == [(1, "orders", 0, 0), (2, "orders", 0, 2), (3, "orders", 1, 0)]
    assert sorted(reading.broken()["reason"]) == ["a message without a body", "no UTF-8 text, here as base64"]
    publish(kafka_server, "orders", [{"id": 4}], partition=1)
    assert ids(read(asked, tmp_path)) == [1, 2, 3, 4]
    assert ids(read(asked, tmp_path)) == [1, 2, 3, 4]


def test_a_topic_of_kafka_killed_while_landing(kafka_server: str, tmp_path: Path) -> None:
    topic(kafka_server, "killed")
    publish(kafka_server, "killed", [{"id": number} for number in range(35)])
    location = f"kafka://{kafka_server}/killed"
    command = [sys.executable, str(KILLED), location, str(tmp_path / ".fullcycle"), "before", "1"]
    assert subprocess.run(command, capture_output=True).returncode == -9
    assert ids(read_topic(source(location), tmp_path)) == list(range(35))


def test_what_is_wrong_with_a_topic(kafka_server: str, tmp_path: Path) -> None:
    topic(kafka_server, "parcels")
    with pytest.raises(InputError, match=r"the topic is missing.* did you mean 'parcels'"):
        read_topic(source(f"kafka://{kafka_server}/parcel"), tmp_path)


# --- without a broker


def test_a_topic_that_ends_before_what_was_landed() -> None:
    address = Address.of("kafka://host/orders")
    before = landed.Head(topic="orders", born="", next={0: 9, 1: 3})
    with pytest.raises(InputError, match="begins anew"):
        broker._continued(before, Bounds({0: 0, 1: 0}, {0: 5, 1: 3}, ""), address, Path("orders"))
    grown = broker._continued(before, Bounds({0: 11, 1: 0, 2: 4}, {0: 12, 1: 3, 2: 5}, ""), address, Path("orders"))
    assert grown.next == {0: 11, 1: 3, 2: 4}
    assert grown.lost == ((0, 9, 10),)


def test_a_missing_library_says_how_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(InputError, match=r"pip install 'fullcycle\[brokers\]'"):
        read_topic(source("kafka://127.0.0.1:1/orders"), tmp_path)


@pytest.mark.parametrize("location", ["nats://host:42x/rows", "kafka://one:9092,two:99999/rows"])
def test_a_port_that_is_none_is_told(location: str) -> None:
    with pytest.raises(InputError, match=r"the port is no number: found '(42x|99999)'"):
        Address.of(location)
