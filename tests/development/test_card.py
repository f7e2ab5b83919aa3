"""The model card: every figure of the record, nothing personal, one page that stands alone; the hub reads its front matter."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from development.conftest import World
from fullcycle.development.board import leaderboard
from fullcycle.development.card import Facts, card
from fullcycle.development.evaluation import evaluation_of
from fullcycle.document import figure
from fullcycle.kernel.finding import Finding
from fullcycle.predictor.plan import Plan
from fullcycle.scoping.records import Gate
from fullcycle.scoping.settings import Stakeholder
from pages import Page

LEVELS = ("'AA'", "AA", "BB", "CC")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    world = World(tmp_path_factory.mktemp("card"))
    dataset = world.dataset(world.frame())
    charter = world.charter(
        gates=(Gate(figure="roc_auc", rule="at_least", limit=0.6), Gate(figure="log_loss", rule="at_most", limit=0.1)),
        stakeholders=(Stakeholder(role="operations", members=("ana@example.com",)),),
        question="Which <b>flights</b> are late?",
    )
    model = world.develop(charter, dataset)
    return Facts(
        charter=charter,
        dataset=dataset,
        model=model,
        evaluation=evaluation_of(model, world.blobs),
        inputs=tuple(it.name for it in Plan.from_json(world.blobs.get(model.plan)).inputs),
        leaderboard=leaderboard(model, world.blobs, {model.leaderboard[0].trial: 1.5}),
        measured=(
            Finding(check="training", subject="model", value=9, limit=600, rule="at_most", passed=True, unit="s"),
        ),
        rebuilt=((datetime(2026, 1, 1, tzinfo=UTC), True),),
    )


def test_the_page_holds_every_figure_with_its_interval(facts: Facts) -> None:
    text = card(facts)
    page = Page(text)
    assert (page.open, page.outside, set(page.anchors)) == ([], [], set(page.ids))
    told = text[text.index('id="evaluation"') :]
    for name, found in facts.model.figures.items():
        row = told[told.index(f"<td>{name}</td>") :].split("</tr>")[0]
        assert all(f">{figure(value)}</td>" in row for value in (found.point, found.low, found.high)), name
    assert "Not to be used: it fails log loss." in text
    assert "the same came out 1 times" in text
    assert "<b>flights" not in text
    assert "@example.com" not in text


def test_every_section_is_there(facts: Facts) -> None:
    named = set(Page(card(facts)).ids)
    assert {
        "intended-use",
        "gates",
        "limits-and-risks",
        "data",
        "training",
        "evaluation",
        "money",
        "calibration",
    } <= named
    assert {"slices", "robustness", "what-drives-the-scores", "more-data-and-labels", "made-again", "fairness"} <= named


def test_values_of_personal_columns_are_told_nowhere(facts: Facts) -> None:
    columns = tuple(
        msgspec.structs.replace(it, personal="keep", because="so") if it.name == "carrier" else it
        for it in facts.dataset.columns
    )
    bad = Finding(
        check="slice_surprises", subject="carrier 'AA' and x '1 to 2'", value=0.1, passed=False, severity="warn"
    )
    assert any(level in card(facts) for level in LEVELS)
    private = Facts(
        **{name: getattr(facts, name) for name in ("charter", "evaluation", "inputs", "leaderboard")},
        dataset=msgspec.structs.replace(facts.dataset, columns=columns),
        model=msgspec.structs.replace(facts.model, findings=(*facts.model.findings, bad)),
    )
    for form in ("html", "markdown"):
        text = card(private, form=form)  # type: ignore[arg-type]
        assert not any(f">{level}<" in text or f"carrier {level}" in text or f"| {level} |" in text for level in LEVELS)
        assert "'AA'" not in text
        assert "a slice by carrier" in text


def test_the_hub_reads_the_front_matter(facts: Facts) -> None:
    yaml = pytest.importorskip("yaml", reason="pip install pyyaml")
    _, head, _ = card(facts, form="markdown").split("---\n", 2)
    read: dict[str, Any] = yaml.safe_load(head)
    (index,) = read["model-index"]
    (result,) = index["results"]
    assert {it["type"]: it["value"] for it in result["metrics"]} == {k: v.point for k, v in facts.model.figures.items()}
    assert read["pipeline_tag"] == "tabular-classification"
    assert result["dataset"]["revision"] == facts.dataset.id
    assert facts.model.learner in read["tags"]


def test_pictures_are_drawn_and_their_tables_stay(facts: Facts) -> None:
    convert = pytest.importorskip("vl_convert", reason="pip install vl-convert-python")
    from fullcycle.development.pictures import charts

    drawn = {
        name: convert.vegalite_to_svg(chart.to_json(), allowed_base_urls=[])
        for name, chart in charts(facts.evaluation, hidden=("carrier",))
    }
    assert {"profit", "calibration", "importance", "learning curve", "dependence on x"} <= set(drawn)
    assert "dependence on carrier" not in drawn
    assert all(xml.fromstring(text).tag.endswith("svg") for text in drawn.values())
    text = card(facts, pictures=drawn)
    assert text.count("<img alt=") == len(drawn)
    assert Page(text).blind == 0
    assert text.count("<table>") == card(facts).count("<table>")
