"""The page to try a prediction on, in a real browser against a real service."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .bundles import Running, bundle, place, route

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with Running(place(tmp_path, bundle(), route("r1"), units={"distance": "miles"}).path) as running:
        yield running


@pytest.fixture
def page() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    if CHROMIUM is None:
        pytest.skip("install Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page()
        browser.close()


@pytest.mark.slow
def test_a_decision_is_asked_for_and_its_reasons_are_shown(service: Running, page: Any, tmp_path: Path) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(service.told["url"] + "/docs")
    distance = page.get_by_label("distance (miles)")
    assert page.locator("form small").first.inner_text() == "number, at least 0, at most 10000, in miles"
    distance.fill("1200")
    page.get_by_label("carrier").fill("UA")
    page.get_by_role("button", name="Decide").click()
    page.wait_for_selector("#answer .decision")
    row = json.loads(page.locator("#request").input_value())["rows"][0]
    answer = service.predict(row, explain=True, dry_run=True).json()["predictions"][0]
    assert page.locator("#answer .decision").inner_text() == answer["decision"]
    columns = page.locator("#answer tbody tr td:first-child").all_inner_texts()
    assert columns == [it["column"] for it in answer["reasons"]["contributions"]]
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    distance.fill("-5")
    page.get_by_role("button", name="Decide").click()
    page.get_by_text("distance: found -5, expected a number, at least 0, at most 10000").wait_for()
    assert not [it for it in said if "422" not in it]  # the browser itself tells of the refused request
