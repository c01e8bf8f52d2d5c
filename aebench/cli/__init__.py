"""The command `aebench`: its commands; how they end is written in `ending`."""

from __future__ import annotations

import os

import click

from aebench import __version__
from aebench.cli.agreement import agree
from aebench.cli.auditing import audit
from aebench.cli.benching import bench
from aebench.cli.bisecting import bisect
from aebench.cli.bundling import bundle, replay
from aebench.cli.calibrating import calibrate
from aebench.cli.comparing import compare
from aebench.cli.ending import STATUSES, Group
from aebench.cli.environments import environments
from aebench.cli.exporting import export
from aebench.cli.gating import gate
from aebench.cli.looking import list_, schema, show, system
from aebench.cli.measured import accept, quality
from aebench.cli.plotting import plot
from aebench.cli.project import defaults
from aebench.cli.reporting import report
from aebench.cli.reproducing import reproduce
from aebench.cli.running import run
from aebench.cli.sweeping import scale

# What a project's file says in place of a default stands in the help, too.
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110, "show_default": True}


@click.group(cls=Group, epilog=STATUSES, context_settings=SETTINGS)
@click.version_option(__version__, prog_name="aebench")
@click.pass_context
def main(context: click.Context) -> None:
    """Do two deep-learning frameworks still compute the same thing, as well and as fast as before?

    Twelve autoencoders in TensorFlow and in PyTorch, held against a NumPy float64 reference.

    \b
    Examples:
      aebench list                            what is here, and how to get what is not
      aebench run                             everything on the bundled digits, minutes on 2 cores
      aebench run stacked tied -d mnist       two autoencoders on MNIST
      aebench agree variational               only how closely the frameworks agree
      aebench show tied                       its three texts side by side
      aebench quality RUN                     every metric of a run, with statistics over seeds
      aebench plot sparse/features --open     a picture of a run
      aebench bench stacked --peers           how fast, against the machine's limit and other programs
      aebench scale                           cost and quality by images and by width
      aebench compare old here                what changed between two environments, or two commits
      aebench bisect pytorch 2.11 2.14 …      which release of a framework moved an autoencoder
      aebench calibrate stacked               what such a comparison can show on this machine
      aebench bundle -o golden.zip            what another machine needs to climb the same ladder
      aebench replay golden.zip -f pytorch    that, on the other machine
      aebench reproduce tied -f … -o issue    a script that shows a difference without aebench
      aebench report RUN -o report.html       one file of all that was found, for others to read
      aebench export RUN --format parquet     its tables, for other programs
      aebench system                          what of this machine makes timings unsteady
      aebench environments                    the interpreters that frameworks are compared in
      aebench audit                           whether planted faults are caught, and how often
      aebench accept RUN -m "new machine"     make a run the baseline
      aebench gate RUN                        hold a run, or an environment, against the baseline

    What a project fixes stands in its aebench.toml: [options] dataset = "mnist". A shell completes names and options
    after: eval "$(_AEBENCH_COMPLETE=bash_source aebench)", or zsh_source, fish_source.
    """
    if "_AEBENCH_COMPLETE" not in os.environ:
        context.default_map = defaults(main.commands)


for command in (
    list_, run, agree, compare, bisect, calibrate, audit, show, quality, plot, accept, gate, scale, bench, environments,
    schema, system, bundle, replay, reproduce, export, report,
):  # fmt: skip
    main.add_command(command)
