"""``fullcycle doctor``."""

from __future__ import annotations

from fullcycle.cli.session import Session, declare


@declare("doctor")
def command(session: Session) -> None:
    """Verify the chain of the journal, and every record and blob that heads and routes rest on; names what is broken first."""
    from fullcycle.loop import stages  # noqa: F401 - declares every kind of record
    from fullcycle.project.selfcheck import check

    project = session.project
    session.progress("verifying", 0, 0)
    checked = check(project.journal, project.blobs)
    cut_short = session.state.unfinished()
    session.tell(
        {
            "entries": checked.entries,
            "records": checked.records,
            "blobs": checked.blobs,
            "erased": checked.erased,
            "unfinished": [entry.step for entry in cut_short],
        },
        f"whole: {checked.entries} journal entries, {checked.records} records, {checked.blobs} blobs",
        *((f"erased: of {checked.erased} blobs a part was erased",) if checked.erased else ()),
        *(
            f"entry {entry.position}: {entry.step} was begun and not finished; running it again finishes it"
            for entry in cut_short
        ),
    )
