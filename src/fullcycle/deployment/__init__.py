"""Deployment: what exactly may run, where, advancing by which steps."""

from __future__ import annotations

from typing import Any

from fullcycle.data.records import Dataset
from fullcycle.deployment import compatibility
from fullcycle.deployment.compare import compared, has_to_be_better
from fullcycle.deployment.records import Release
from fullcycle.deployment.rules import steps_of
from fullcycle.deployment.settings import Deployment
from fullcycle.development.records import Model
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import failed
from fullcycle.kernel.verbs import step
from fullcycle.predictor.background import drawn
from fullcycle.predictor.bundle import Predictor, pack
from fullcycle.predictor.contributions import needs_background
from fullcycle.predictor.formats import load
from fullcycle.predictor.plan import Plan
from fullcycle.scoping.records import Charter

_TOLD = ("project", "question", "task", "target", "entity", "time", "timezone", "actions", "todays_rule", "confidence")


@step("deployment.make", version=4, libraries=("lightgbm", "numpy"))
def make(
    *,
    charter: Charter,
    dataset: Dataset,
    model: Model,
    champion: Release | None = None,
    settings: Deployment,
    breaking: bool = False,
    blobs: Blobs,
) -> Release:
    """Pack the bundle, load it again, and hold it against the champion.

    Parameters
    ----------
    champion : the release that serves now, if one does.
    breaking : whether clients of the champion may be asked for more, or told less; otherwise such a change fails.
    blobs : where plan, model and table are, and where the bundle goes.

    Returns
    -------
    The release. Its findings are the gates that the model failed, and whether it is no worse than the champion, or better
    where it has to be, and breaks none of its clients.

    Raises
    ------
    InputError : plan, model, contract and policy do not fit each other; a clustering is to have a control group; or the steps
        are none.
    Corrupt : a blob is not what its digest says, or the bundle does not answer its golden rows.
    """
    if charter.task == "clustering" and settings.control:
        raise InputError(
            "a clustering has no control group: nothing is done today that its effect could be measured against",
            place="cycle.toml, [deployment] control",
            found=settings.control,
            mend="take it out",
        )
    steps = steps_of(settings)
    plan, fitted = Plan.from_json(blobs.get(model.plan)), load(model.format, blobs.get(model.fitted))
    facts = {"model": model.id, "dataset": dataset.id, "charter": charter.id}
    sketches = {name: profile.sketch for name, profile in dataset.profile.items()}
    background = drawn(plan.inputs, sketches) if needs_background(fitted) else None
    body = pack(
        plan=plan,
        model=fitted,
        contract=dataset.contract,
        policy=model.policy,
        facts=facts,
        charter=summary(charter),
        background=background,
    )
    challenger = Predictor.load(body)  # its golden rows are answered here, before anything depends on it
    findings = list(failed(model.findings))
    if champion is not None:
        served = Predictor.load(blobs.get(champion.bundle), digest=champion.bundle)
        at_once = settings.strategy == "direct"  # a rollout has to show it on traffic
        better = at_once and has_to_be_better(settings.superiority, champion, dataset, charter)
        look = compared(
            challenger, served, charter, dataset, settings.margin, blobs, better=better, reading=model.reading
        )
        findings.extend(look)
        changed = compatibility.differences(*(compatibility.interface(it, charter.time) for it in (served, challenger)))
        findings += compatibility.findings(changed, allowed=breaking)
    return Release(
        parents=(model.id, dataset.id, charter.id),
        bundle=blobs.put(body),
        strategy=settings.strategy,
        steps=steps,
        control=settings.control,
        replaces="" if champion is None else champion.id,
        findings=tuple(findings),
    )


def summary(charter: Charter) -> dict[str, Any]:
    """What a bundle tells of the question that it answers, with the id of the whole of it."""
    return {"charter": charter.id, **{name: getattr(charter, name) for name in _TOLD}}
