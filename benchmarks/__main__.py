"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks import (
    applications,
    corpus,
    faults,
    fuzz,
    growth,
    histories,
    oracle,
    rewrites,
    score,
    score_http,
    speed,
    tools,
    trust,
    units,
)


def main() -> int:
    """Run what is asked for, score and then speed by default; the exit code."""
    given = _parser().parse_args()
    try:
        if given.what == "applications":
            sizes = given.sizes or applications.SIZES
            return applications.show(given.applications, given.rounds, sizes, given.peers)
        if given.what == "corpus":
            return corpus.show(given.packages)
        if given.what == "score":
            return score.show(given.packages, given.list)
        if given.what == "rewrites":
            return rewrites.show(given.families, given.packages, given.draw, given.seed)
        if given.what == "http":
            return score_http.show(given.packages, given.list)
        if given.what == "faults":
            return faults.show(given.kills, given.seed)
        if given.what == "fuzz":
            return fuzz.show(given.seconds, given.seed)
        if given.what == "trust":
            return trust.show(given.packages)
        if given.what == "units":
            return units.show(given.folder, given.applications, given.kept, given.skip)
        if given.what == "oracle":
            return oracle.show(given.trees, given.kept, given.record, given.tool)
        if given.what == "histories":
            return histories.show(given.count, given.seed, given.ways or histories.WAYS)
        if given.what == "growth":
            return growth.show(given.sizes or growth.SIZES)
        if given.what == "speed":
            return speed.show(given.rounds, given.peers)
        code = score.show()
        print()
        return speed.show() or growth.show() or applications.show() or code
    except (corpus.CorpusProblem, score.ScoreProblem, tools.ToolProblem) as problem:
        print(f"error: {problem}", file=sys.stderr)
    except subprocess.CalledProcessError as failed:
        print(f"error: {failed}\n{failed.stderr or ''}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="what", title="benchmarks (score, then speed)")
    one = commands.add_parser("applications", help="time and memory on applications with tests")
    one.add_argument("--applications", metavar="DIR", default="", help="or $QW_APPLICATIONS")
    one.add_argument("--rounds", type=int, default=applications.ROUNDS, metavar="N")
    one.add_argument("--sizes", nargs="+", type=int, metavar="FILES", help="700 7000 17000")
    names = [tool.name for tool in tools.FOR_APPLICATIONS]
    one.add_argument("--peers", nargs="+", default=[], choices=names, help="all by default")
    one = commands.add_parser("corpus", help="fetch and unpack the public packages")
    one.add_argument("packages", nargs="*", help="all by default")
    one = commands.add_parser("score", help="findings against the labels")
    one.add_argument("packages", nargs="*", help="all that have labels by default")
    one.add_argument("--list", action="store_true", help="name each missed and each wrong one")
    one = commands.add_parser("http", help="QW301 against the labels of HTTP calls")
    one.add_argument("packages", nargs="*", help="all that have labels by default")
    one.add_argument("--list", action="store_true", help="name each missed and each wrong one")
    one = commands.add_parser("rewrites", help="what `apply` makes of the packages")
    one.add_argument("families", choices=rewrites.FAMILIES)
    one.add_argument("packages", nargs="*", help="all by default")
    one.add_argument("--draw", type=int, default=0, metavar="N", help="print N rewrites to read")
    one.add_argument("--seed", type=int, default=1, help="of the draw")
    one = commands.add_parser("faults", help="kill `apply` at random instants, and undo")
    one.add_argument("--kills", type=int, default=200, metavar="N")
    one.add_argument("--seed", type=int, default=1)
    one = commands.add_parser("fuzz", help="every family over code that was damaged at random")
    one.add_argument("--seconds", type=float, default=fuzz.SECONDS, metavar="N")
    one.add_argument("--seed", type=int, default=1)
    one = commands.add_parser("units", help="does what `apply all` edits still start")
    one.add_argument("folder", metavar="DIR", help="that holds the applications")
    one.add_argument("applications", nargs="*", help="all by default")
    one.add_argument("--kept", default="", metavar="DIR", help="keep the environments here")
    one.add_argument("--skip", nargs="+", default=[], choices=["starts", "tests"])
    one = commands.add_parser("trust", help="every family over all of it, and what went wrong")
    one.add_argument("packages", nargs="*", help="all by default")
    one = commands.add_parser("oracle", help="compare the answers of two versions of the tool")
    one.add_argument("kept", help="the folder of the recorded answers")
    one.add_argument("trees", nargs="+", help="folders to run on")
    one.add_argument("--record", action="store_true", help="write the answers instead")
    one.add_argument("--tool", default="", help="the qw-codemod to run; this checkout's by default")
    one = commands.add_parser(
        "histories", help="cold, warm and overlaid answers after random edits"
    )
    one.add_argument("count", nargs="?", type=int, default=histories.COUNT)
    one.add_argument("--seed", type=int, default=0, help="of the first one")
    one.add_argument("--ways", nargs="+", choices=histories.WAYS, help="all by default")
    one = commands.add_parser("growth", help="`check` with all rules on growing trees")
    one.add_argument("sizes", nargs="*", type=int, metavar="FILES", help="700 7000 by default")
    one = commands.add_parser("speed", help="wall-clock times beside the peers")
    one.add_argument("--rounds", type=int, default=speed.ROUNDS, metavar="N")
    names = [tool.name.split()[0].lower() for tool in tools.PEERS]
    one.add_argument("--peers", nargs="+", default=[], choices=names, help="all by default")
    return parser


if __name__ == "__main__":
    sys.exit(main())
