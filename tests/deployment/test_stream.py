"""Inference on real brokers: killed between any two steps, each message is answered and each decision made once."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from brokers_here import free_port, kafka, nats
from fullcycle.deployment.stream import stream
from fullcycle.deployment.stream.broker import Address
from fullcycle.kernel.errors import InputError, OutsideError, UnknownKey
from fullcycle.traffic.compact import compact
from fullcycle.traffic.read import Traffic
from fullcycle.traffic.schema import scope_folder

from .bundles import SCOPE, Place, bundle, place, route, row

RUN = Path(__file__).with_name("streaming.py")
BAD = [b"{torn", b"[1]", b"\xff", json.dumps(row(0, distance="far")).encode()]


class Topics:
    """Topics of one broker, by name, made when they are first used."""

    def __init__(
        self, url: str, make: Callable[[str], None], send: Callable[[str, list[bytes]], None], read: Any
    ) -> None:
        self.url, self.make, self.send, self._read = url, make, send, read

    def read(self, name: str, most: int) -> list[dict[str, Any]]:
        """The first messages of a topic, once so many different ones are there."""
        return [json.loads(body) for body in self._read(name, most)]


@pytest.fixture(scope="module")
def nats_topics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topics]:
    pytest.importorskip("nats", reason="install: pip install nats-py")
    with nats(tmp_path_factory.mktemp("nats")) as address:

        def on(work: Callable[[Any], Any]) -> Any:
            async def connected() -> Any:
                import nats as client

                connection = await client.connect(f"nats://{address}")
                try:
                    return await work(connection.jetstream())
                finally:
                    await connection.close()

            return asyncio.run(connected())

        def make(name: str) -> None:
            on(lambda jet: jet.add_stream(name=name.replace(".", "-"), subjects=[name]))

        def send(name: str, bodies: list[bytes]) -> None:
            async def work(jet: Any) -> None:
                for body in bodies:
                    await jet.publish(name, body)

            on(work)

        def read(name: str, most: int) -> list[bytes]:
            async def work(jet: Any) -> list[bytes]:
                reader = await jet.subscribe(name, ordered_consumer=True)
                found: list[bytes] = []
                while len(set(found)) < most:
                    found.append((await reader.next_msg(timeout=20)).data)
                return found

            return on(work)  # type: ignore[no-any-return]

        yield Topics(f"nats://{address}", make, send, read)


@pytest.fixture(scope="module")
def kafka_topics() -> Iterator[Topics]:
    pytest.importorskip("confluent_kafka", reason="install: pip install confluent-kafka")
    from confluent_kafka import Consumer, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic

    with kafka() as address:
        settings = {"bootstrap.servers": address}

        def make(name: str) -> None:
            admin = AdminClient(settings)
            admin.create_topics([NewTopic(name, 1, 1)])[name].result()

        def send(name: str, bodies: list[bytes]) -> None:
            producer = Producer(settings)
            for body in bodies:
                producer.produce(name, body)
            assert producer.flush(20) == 0

        def read(name: str, most: int) -> list[bytes]:
            consumer = Consumer({**settings, "group.id": "test"})
            consumer.assign([TopicPartition(name, 0, 0)])
            found: list[bytes] = []
            until = time.monotonic() + 30
            while len(set(found)) < most and time.monotonic() < until:
                one = consumer.poll(0.5)
                if one is not None and one.error() is None:
                    found.append(one.value())
            consumer.close()
            return found

        yield Topics(f"kafka://{address}", make, send, read)


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return place(tmp_path, bundle(), route("r1", control=0.2))


@contextmanager
def answering(here: Place, topics: Topics, name: str, *kill: str) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        str(RUN),
        str(here.path),
        f"{topics.url}/{name}?ack_wait=1&session=6",
        f"{topics.url}/{name}.answers",
        *kill,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        try:
            yield process
        finally:
            process.kill()


def stopped(process: subprocess.Popen[str]) -> list[int]:
    """What was answered, again and rejected, after SIGTERM."""
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return [int(word) for word in out.split()]


def made(topics: Topics, name: str) -> None:
    for one in (name, f"{name}.answers", f"{name}.answers.dead"):
        topics.make(one)


def counted(here: Place) -> tuple[int, int, int]:
    log = Traffic(here.root, SCOPE)
    frame, counts = log.read(log.cut(None, None, datetime(2100, 1, 1, tzinfo=UTC)))
    return frame.height, counts.duplicate, counts.superseded


@pytest.mark.parametrize("broker", ["nats_topics", pytest.param("kafka_topics", marks=pytest.mark.slow)])
def test_killed_between_any_two_steps_each_message_is_answered_once(
    broker: str, here: Place, request: pytest.FixtureRequest
) -> None:
    topics: Topics = request.getfixturevalue(broker)
    name = "asked"
    made(topics, name)
    good = [json.dumps(row(number)).encode() for number in range(150)]
    topics.send(name, [*good[:100], *BAD, *good[100:], good[3]])
    for moment in ("logged", "sent"):
        with answering(here, topics, name, moment) as process:
            assert process.wait(timeout=60) == -9
    compact(scope_folder(here.root, SCOPE))
    with answering(here, topics, name) as process:
        letters = topics.read(f"{name}.answers.dead", 4)
        replies = topics.read(f"{name}.answers", 150)
        wait_for(lambda: counted(here)[0] == 150)
        time.sleep(1)
        stopped(process)
    assert counted(here) == (150, 0, 0)
    told = {one["id"]: one for one in replies}
    log = Traffic(here.root, SCOPE)
    frame, _ = log.read(log.cut(None, None, datetime(2100, 1, 1, tzinfo=UTC)))
    assert {one["id"]: one["action"] for one in frame.iter_rows(named=True)} == {
        id: one["decision"] for id, one in told.items()
    }
    assert all(one == told[one["id"]] for one in replies)
    assert {one["variant"] for one in replies} == {"champion", "control"}
    assert {one["score"] for one in replies if one["variant"] == "control"} == {None}
    assert [letter["reasons"][0]["column"] for letter in letters] == ["", "", "", "distance"]
    assert letters[2]["base64"] == "/w=="


def test_a_topic_of_kafka_is_answered(here: Place, kafka_topics: Topics) -> None:
    made(kafka_topics, "quick")
    kafka_topics.send("quick", [json.dumps(row(number)).encode() for number in range(5)] + BAD[:1])
    with answering(here, kafka_topics, "quick") as process:
        assert len(kafka_topics.read("quick.answers", 5)) == 5
        assert kafka_topics.read("quick.answers.dead", 1)[0]["reasons"][0]["expected"] == "a JSON object"
        time.sleep(1)
        assert stopped(process) == [5, 0, 1]
    assert counted(here) == (5, 0, 0)


def wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_another_release_is_followed_and_a_message_again_keeps_its_answer(here: Place, nats_topics: Topics) -> None:
    made(nats_topics, "moved")
    first = json.dumps(row(1, id="one")).encode()
    with answering(here, nats_topics, "moved") as process:
        nats_topics.send("moved", [first])
        before = nats_topics.read("moved.answers", 1)[0]
        here.deploy(bundle(4.0), route("r2", generation=2, control=0.2))
        time.sleep(1.5)
        nats_topics.send("moved", [json.dumps(row(2)).encode(), first, json.dumps(row(5, id="one")).encode()])
        # the stream itself drops the same letter within its window, so that the first answer stands there once
        after = nats_topics.read("moved.answers", 2)[1]
        letter = nats_topics.read("moved.answers.dead", 1)[0]
        wait_for(lambda: counted(here)[0] == 2)
        time.sleep(0.5)
        assert stopped(process) == [3, 1, 1]
    assert (before["release"], after["release"]) == ("r1", "r2")
    assert letter["reasons"][0]["expected"] == "an id that was not used for another row"
    assert counted(here) == (2, 0, 0)


def test_mistakes_are_named(here: Place, nats_topics: Topics, kafka_topics: Topics) -> None:
    with pytest.raises(UnknownKey, match="kind of broker"):
        stream(here.path, "amqp://host/asked", "nats://host/told")
    with pytest.raises(InputError, match="names no topic"):
        stream(here.path, "nats://host", "nats://host/told")
    with pytest.raises(InputError, match="read as messages"):
        stream(here.path, "nats://host/asked", "nats://host/asked")
    with pytest.raises(InputError, match="no stream has this subject"):
        stream(here.path, f"{nats_topics.url}/never", f"{nats_topics.url}/told")
    with pytest.raises(InputError, match="topic is missing"):
        stream(here.path, f"{kafka_topics.url}/never", f"{kafka_topics.url}/told")
    with pytest.raises(OutsideError, match="does not answer"):
        stream(here.path, f"nats://127.0.0.1:{free_port()}/asked", "nats://host/told")
    with pytest.raises(InputError, match="is not set"):
        Address.of("nats://ana:${NO_SUCH_VARIABLE}@host/asked")
