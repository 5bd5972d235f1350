"""Public packages to run on: fetched as wheels, unpacked, never imported, built or committed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import sites

CACHE = Path(__file__).parent / ".corpus"  # ignored by git: it is other people's code
WHEELS = CACHE / ".wheels"

SPEED = ("apache-airflow-providers-google", "dagster-gcp", "feast")  # a large, a small, a mixed one

# Packages without a labelled row, so that no label file pins them. The last homeassistant whose
# syntax Python 3.11 still reads: a newer one would be measured by the files it skips.
_PINS = {"homeassistant": "2024.3.3", "re-data": "0.11.0", "sportsdataverse": "0.1.4"}


class CorpusProblem(Exception):
    """A package cannot be had; the message says why."""


def versions() -> dict[str, str]:
    """The pinned version of every package: the one that was read for its labels, or ours."""
    return dict(sorted({**_PINS, **sites.versions()}.items()))


def fetch(names: Sequence[str] = ()) -> dict[str, Path]:
    """The folders of the named packages, of all if none is named; fetched where not there yet.

    Raises CorpusProblem for a name that is not pinned, or where pip cannot get it.
    """
    pins = versions()
    unknown = sorted(set(names) - set(pins))
    if unknown:
        raise CorpusProblem(f"not in the corpus: {', '.join(unknown)}; it has {', '.join(pins)}")
    return {name: _folder(name, pins[name]) for name in names or pins}


def show(names: Sequence[str] = ()) -> int:
    """Fetch, and print where each package is and how large; 0 for the exit code."""
    for name, folder in fetch(names).items():
        sizes = [path.stat().st_size for path in folder.rglob("*.py")]
        amount = f"{len(sizes):>6} files {sum(sizes) / 1e6:>6.1f} MB"
        print(f"{name:32} {versions()[name]:10} {amount}  {folder}", flush=True)
    return 0


def _folder(name: str, version: str) -> Path:
    folder = CACHE / name
    # The folder takes its name only when it is complete, so the name alone is proof enough.
    if any(folder.glob(f"*-{version}.dist-info")):
        return folder
    wheel = _wheel(name, version)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".unpacking-") as scratch:
        unpacked = Path(scratch) / name
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked)
        # A work tree of its own, as its authors have: the tool then takes it for a project, and
        # this repository's ignore rules, which name the cache, have no say in it.
        subprocess.run(["git", "init", "--quiet", str(unpacked)], check=True)
        shutil.rmtree(folder, ignore_errors=True)
        unpacked.rename(folder)
    return folder


def _wheel(name: str, version: str) -> Path:
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if found := list(WHEELS.glob(pattern)):
        return found[0]
    WHEELS.mkdir(parents=True, exist_ok=True)
    # Wheels alone: for a source archive pip runs the package's own build script.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--ignore-requires-python", "--dest", str(WHEELS)]
    done = subprocess.run([*command, f"{name}=={version}"], capture_output=True, text=True)
    found = list(WHEELS.glob(pattern))
    if done.returncode or not found:
        reason = done.stderr.strip().splitlines()
        raise CorpusProblem(f"{name}=={version}: {reason[-1] if reason else 'pip got no wheel'}")
    return found[0]
