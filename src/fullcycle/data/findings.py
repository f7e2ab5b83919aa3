"""What was seen of a dataset, in one list: the contract, quality, the split, leakage, privacy, bias, provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from fullcycle.data.bias import bias
from fullcycle.data.contract.findings import findings as contract_findings
from fullcycle.data.divided import Divided
from fullcycle.data.history import History
from fullcycle.data.kept import Kept
from fullcycle.data.leakage import leakage
from fullcycle.data.leakage.sample import MOST
from fullcycle.data.origins import origins, provenance
from fullcycle.data.portrait import Drawn
from fullcycle.data.privacy.anonymity import anonymity_findings, classes, merge, quasi
from fullcycle.data.privacy.decide import personal_findings
from fullcycle.data.privacy.retention import outdated
from fullcycle.data.quality import quality
from fullcycle.data.records import Column
from fullcycle.data.settings import Data
from fullcycle.data.split import Part, choice_findings
from fullcycle.data.store import Stored, balance
from fullcycle.data.table import Table
from fullcycle.kernel.finding import Finding
from fullcycle.predictor.days import local_days
from fullcycle.scoping.records import Charter


def findings(
    stored: Stored,
    plan: Divided,
    table: Table,
    parts: Mapping[str, Part],
    drawn: Drawn,
    columns: Sequence[Column],
    *,
    settings: Data,
    charter: Charter,
    history: History,
    as_of: datetime,
    kept: Kept | None = None,
) -> tuple[Finding, ...]:
    """Every finding about the rows of *table*; rows drawn of months are *kept* for the next time."""
    test = table.sample("test", parts["test"].rows, MOST, kept)
    train, time = drawn.sample, charter.time
    return (
        balance(stored),
        *contract_findings(stored.tally, settings.rules, history.facts, as_of=as_of),
        *quality(
            drawn.portrait.sketches, columns, settings.rules, kept=stored.kept, turned_away=len(stored.quarantine)
        ),
        *choice_findings(plan.choice, train=train[time], test=test[time], label_delay=history.label_delay),
        *leakage(
            train,
            history.outcome(train),
            columns,
            charter.task,
            test=test,
            void=stored.unknown,
            by=plan.choice.by,
            entity=charter.entity,
            group=settings.split.group,
            time=time,
            zone=history.zone,
        ),
        *_unasked(charter),
        *outdated(history.outdated(as_of), settings.privacy.retention, as_of),
        *personal_findings(drawn.suspicions, history.facts, settings.privacy),
        *_anonymity(table, history, settings),
        *bias(
            train,
            history.outcome(train),
            history.facts,
            settings.privacy,
            features=[column.name for column in columns if column.feature],
            task=charter.task,
            classes=history.classes(train),
            blocks=local_days(train[time], history.zone),
            confidence=charter.confidence,
        ),
        *provenance(origins(settings.sources), personal=any(column.personal not in ("", "no") for column in columns)),
    )


def _unasked(charter: Charter) -> tuple[Finding, ...]:
    """A note that leakage was looked for without a target: whether a column tells what it should not needs one."""
    if charter.target:
        return ()
    evidence = {"because": "a clustering has no target"}
    return (Finding(check="leakage_of_target", subject="columns", severity="note", evidence=evidence),)


def _anonymity(table: Table, history: History, settings: Data) -> tuple[Finding, ...]:
    """How many share what narrows them down, over all rows."""
    columns = quasi(history.facts)
    if not columns:
        return ()
    read = list(dict.fromkeys((*columns, *((history.target,) if history.target else ()))))
    counted = merge(classes(frame, columns, target=history.target) for frame in table.frames(columns=read))
    return anonymity_findings(counted, settings.privacy)
