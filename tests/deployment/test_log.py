"""What the service keeps at hand, and what it does when it cannot log."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fullcycle.deployment.answer import Answerer
from fullcycle.deployment.service.log import HOUR, Recent, TrafficLog
from fullcycle.deployment.service.metrics import Metrics
from fullcycle.deployment.service.predict import predict
from fullcycle.deployment.service.problem import Problem
from fullcycle.kernel.errors import OutsideError
from fullcycle.predictor.bundle import Predictor
from fullcycle.traffic.append import GroupCommit, SegmentWriter
from fullcycle.traffic.segments import read_segment, segments

from .bundles import KEY, SCOPE, bundle, route, row


class FullDisk(SegmentWriter):
    """A writer whose disk is full for a while."""

    full = True

    def commit(self) -> None:
        if self.full:
            self._pending, self._pending_bytes = [], 0
            raise OutsideError("cannot log: no space left on device")
        super().commit()


def body(**columns: object) -> bytes:
    return msgspec.json.encode({"rows": [row(0, id="a", **columns)]})


def answerer() -> Answerer:
    return Answerer(Predictor.load(bundle()), route("r1"), scope=SCOPE, entity="flight", time="departure", key=KEY)


def test_what_could_not_be_logged_was_never_answered(tmp_path: Path) -> None:
    async def story() -> None:
        writer = FullDisk(tmp_path)
        log, core, metrics = TrafficLog(GroupCommit(writer)), answerer(), Metrics()
        both = await asyncio.gather(*(predict(body(), core, log, metrics) for _ in range(2)), return_exceptions=True)
        assert [type(one) for one in both] == [OutsideError, OutsideError]
        writer.full = False
        found = await predict(body(distance=1.0), core, log, metrics)  # so the id is free for another row
        assert found.predictions[0].id == "a"
        with pytest.raises(Problem, match="used for another row"):
            await predict(body(distance=2.0), core, log, metrics)
        await log.close()

    asyncio.run(story())
    assert [one.id for path in segments(tmp_path).values() for one in read_segment(path)] == ["a"]


def test_a_retry_waits_until_the_first_answer_is_logged(tmp_path: Path) -> None:
    async def story() -> None:
        log, core, metrics = TrafficLog(GroupCommit(SegmentWriter(tmp_path))), answerer(), Metrics()
        both = await asyncio.gather(*(predict(body(), core, log, metrics) for _ in range(5)))
        assert all(one == both[0] for one in both)
        await log.close()

    asyncio.run(story())
    assert [one.id for path in segments(tmp_path).values() for one in read_segment(path)] == ["a"]


def test_what_is_an_hour_old_is_forgotten() -> None:
    recent = Recent[str]()
    recent.put("a", "first", 0)
    assert recent.get("a", HOUR - 1) == "first"
    assert recent.get("a", HOUR) is None
