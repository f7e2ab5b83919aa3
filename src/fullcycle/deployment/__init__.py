"""Deployment: what exactly may run, where, advancing by which steps."""

from __future__ import annotations

from fullcycle.data.records import Dataset
from fullcycle.deployment.compare import non_inferior
from fullcycle.deployment.records import Release
from fullcycle.deployment.settings import Deployment
from fullcycle.development.records import Model
from fullcycle.kernel.blobs import Blobs
from fullcycle.kernel.errors import InputError
from fullcycle.kernel.finding import failed
from fullcycle.kernel.verbs import step
from fullcycle.predictor.bundle import Predictor, pack
from fullcycle.predictor.formats import load
from fullcycle.predictor.plan import Plan
from fullcycle.scoping.records import Charter


@step("deployment.make", version=4, libraries=("lightgbm", "numpy"))
def make(
    *,
    charter: Charter,
    dataset: Dataset,
    model: Model,
    champion: Release | None = None,
    settings: Deployment,
    blobs: Blobs,
) -> Release:
    """Pack the bundle, load it again, and hold it against the champion.

    Parameters
    ----------
    champion : the release that serves now, if one does.
    blobs : where plan, model and table are, and where the bundle goes.

    Returns
    -------
    The release. Its findings are the gates that the model failed, and whether it is no worse than the champion.

    Raises
    ------
    InputError : plan, model, contract and policy do not fit each other; or a clustering is to have a control group.
    Corrupt : a blob is not what its digest says, or the bundle does not answer its golden rows.
    """
    if charter.task == "clustering" and settings.control:
        raise InputError(
            "a clustering has no control group: nothing is done today that its effect could be measured against",
            place="cycle.toml, [deployment] control",
            found=settings.control,
            mend="take it out",
        )
    plan, fitted = Plan.from_json(blobs.get(model.plan)), load(model.format, blobs.get(model.fitted))
    facts = {"model": model.id, "dataset": dataset.id, "charter": charter.id}
    body = pack(plan=plan, model=fitted, contract=dataset.contract, policy=model.policy, facts=facts)
    challenger = Predictor.load(body)  # its golden rows are answered here, before anything depends on it
    findings = list(failed(model.findings))
    if champion is not None:
        served = Predictor.load(blobs.get(champion.bundle), digest=champion.bundle)
        findings.append(non_inferior(challenger, served, charter, dataset, settings.margin, blobs))
    return Release(
        parents=(model.id, dataset.id, charter.id),
        bundle=blobs.put(body),
        strategy=settings.strategy,
        steps=(1.0,),
        control=settings.control,
        replaces="" if champion is None else champion.id,
        findings=tuple(findings),
    )
