"""`python -m benchmarks.history`: measures the last commits with asv, publishes, and says where a row changed for good.

asv and git are called as commands. The dashboard is asv's own; what is added is a list of the changes that both asv's
steps and otava's change points see at the same commit.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from .changes import Change, confirmed, last_line
from .published import Dashboard, PublishedError, dashboard, strays

ROOT = Path(__file__).parents[2]
ROWS = (r"starting\.", r"training\.Warm\.time_epoch\('stacked', '(pytorch|tensorflow)', 'cpu'")
SHOWN = 8  # characters of a commit, as asv shows it


class Failure(click.ClickException):
    """What cannot be done, with the status that `aebench` has for it."""

    exit_code = 2


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--last", type=click.IntRange(1), default=10, show_default=True, help="How many commits of the branch.")
@click.option("--branch", default="main", show_default=True, help="A branch that asv.conf.json names.")
@click.option(
    "--bench", multiple=True, default=ROWS, help="asv's rows, as of `asv run`; default: import and two epochs."
)
@click.option("--machine", help="What the machine is called; default: as `asv machine` has it.")
@click.option("--run/--no-run", default=True, show_default=True, help="Measure, or look at what is there already.")
@click.option(
    "--least", type=click.FloatRange(0, 1, min_open=True), default=0.05, show_default=True,
    help="A change below this share is not told.",
)  # fmt: skip
def main(last: int, branch: str, bench: tuple[str, ...], machine: str | None, run: bool, least: float) -> None:
    """Fill asv's history over the last commits, publish it, and list the changes that are confirmed.

    What was measured before is not measured again. A change is confirmed where asv's steps and otava's change points
    both see it, within one commit of each other. It is called in the folder that holds asv.conf.json.

    \b
    Examples:
      python -m benchmarks.history                               ten commits, a few rows, minutes each
      python -m benchmarks.history --last 30 --bench inference
      python -m benchmarks.history --no-run                      publish, and look at what is there
    """
    _require_asv()
    commits = _commits(branch, last)
    if run:
        _measured(commits, bench, machine)
    elif not any((ROOT / ".asv" / "results").glob("*/*.json")):
        raise Failure("nothing was measured yet; leave --no-run out")
    _asv("publish")
    try:
        found = dashboard(ROOT / ".asv" / "html")
        _told(found, strays(ROOT / ".asv" / "results", found), confirmed(found.rows, ROOT / ".asv" / "otava", least))
    except PublishedError as error:
        raise Failure(str(error)) from error


def _require_asv() -> None:
    """Stop where asv is not here, or is broken."""
    done = subprocess.run([sys.executable, "-m", "asv", "--version"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(
            f"asv does not run ({last_line(done)}); install it with: pip install -c constraints.txt -e '.[dev]'"
        )


def _commits(branch: str, last: int) -> list[str]:
    """The last commits of the branch, the newest first.

    A checkout of CI has no branch of its own for `main`, and often no history: asv then stops at an unknown branch.
    """
    if _git("rev-parse", "--git-dir") is None:
        raise Failure(f"{ROOT} is no git repository, or git is not here; asv measures commits")
    if _git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") is None:
        remote = _git("rev-parse", "--verify", "--quiet", f"refs/remotes/origin/{branch}")
        do = f"git branch {branch} origin/{branch}" if remote else f"git fetch origin {branch}:{branch}"
        raise Failure(f"there is no branch {branch} here, and asv follows branches; make it with: {do}")
    listed = (_git("rev-list", "--first-parent", f"--max-count={last}", branch) or "").split()
    if len(listed) < last and _git("rev-parse", "--is-shallow-repository") == "true":
        click.echo(f"Only {len(listed)} commits are here; get the others with: git fetch --unshallow", err=True)
    return listed


def _git(*arguments: str) -> str | None:
    """What git says; None where it fails."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, text=True, capture_output=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _measured(commits: list[str], bench: tuple[str, ...], machine: str | None) -> None:
    """Have asv measure the rows of each commit that it has not measured yet."""
    # asv names the machine by asking, unless it is told that it may guess.
    _asv("machine", "--yes", *(("--machine", machine) if machine else ()))
    with TemporaryDirectory() as folder:
        listed = Path(folder) / "commits"
        listed.write_text("\n".join(commits) + "\n", encoding="utf-8")
        rows = [word for row in bench for word in ("--bench", row)]
        named = ["--machine", machine] if machine else []
        _asv("run", "--skip-existing-successful", *named, *rows, f"HASHFILE:{listed}", allowed=(0, 2))


def _asv(*arguments: str, allowed: tuple[int, ...] = (0,)) -> None:
    """Call asv, and stop where it fails. allowed: the statuses that stop nothing: 2, where some row has failed.

    What it says goes to standard error: on standard output is what was found, which CI may keep.
    """
    command, pins = [sys.executable, "-m", "asv", *arguments], {"PIP_CONSTRAINT": str(ROOT / "constraints.txt")}
    done = subprocess.run(command, cwd=ROOT, env={**pins, **os.environ}, stdout=2, check=False)
    if done.returncode not in allowed:
        words = " ".join(arguments[:1])
        raise Failure(f"asv {words} ended with status {done.returncode}; what it said stands above")
    if done.returncode:
        click.echo("Some rows failed; asv names them above, and the dashboard shows them without a value.", err=True)


def _told(found: Dashboard, left_out: list[str], changes: list[Change]) -> None:
    """Where the dashboard is, what it leaves out, and what has changed."""
    click.echo(f"\nDashboard: {found.folder / 'index.html'} ({len(found.rows)} rows); see it with: asv preview")
    if left_out:
        names = ", ".join(commit[:SHOWN] for commit in left_out)
        click.echo(f"Left out are the results of {len(left_out)} commits on no branch: {names}")
    points = sum(len(row.values) for row in found.rows)
    if not changes:
        click.echo(f"No change is confirmed in {points} values of {len(found.rows)} rows.")
    for it in changes:
        way = "more" if it.share > 0 else "less"
        click.echo(
            f"{it.commit[:SHOWN]}  {it.row}: {abs(it.share):.0%} {way}, from {it.before:.4g} to {it.after:.4g}"
            f" (p = {it.p:.1g}, {it.n_before} values before, {it.n_after} after)"
        )


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.history")
