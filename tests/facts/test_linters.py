"""By which rules of ruff a file is checked."""

from __future__ import annotations

import pytest

from qw_codemod.facts.deployments import deployments

PER_FILE = "[tool.ruff.lint.per-file-ignores]\n"
BROAD = '[tool.ruff.lint]\nselect = ["E", "BLE"]\n'


@pytest.mark.parametrize(
    ("files", "is_on"),
    [
        ({}, False),
        ({"pyproject.toml": "[project]\nname = 'ruff'\n"}, False),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 90\n"}, False),
        ({"pyproject.toml": BROAD}, True),
        ({"pyproject.toml": BROAD.replace(".lint", "")}, True),
        ({"pyproject.toml": '[tool.ruff]\nlint.select = ["ALL"]\n'}, True),
        ({"pyproject.toml": '[tool.ruff.lint]\nextend-select = ["BLE001"]\n'}, True),
        ({"pyproject.toml": '[tool.ruff.lint]\nselect = ["B"]\n'}, False),
        ({"pyproject.toml": f'{BROAD}ignore = ["BLE001"]\n'}, False),
        ({"pyproject.toml": f'{BROAD}ignore = ["B", "E722"]\n'}, True),
        ({"pyproject.toml": '[tool.ruff.lint]\nselect = ["BLE001"]\nignore = ["BLE"]\n'}, True),
        ({"pyproject.toml": f'{BROAD}{PER_FILE}"app/*"=["BLE"]\n'}, False),
        ({"pyproject.toml": f'{BROAD}{PER_FILE}"run.py"=["ALL"]\n'}, False),
        ({"pyproject.toml": f'{BROAD}{PER_FILE}"**/app/**"=["BLE001"]\n'},
         False),
        ({"pyproject.toml": f'{BROAD}{PER_FILE}"app/*"=["E722"]\n'}, True),
        ({"pyproject.toml": f'{BROAD}{PER_FILE}"other/*"=["BLE"]\n'}, True),
        ({"pyproject.toml": f'{BROAD}{PER_FILE}"!app/*"=["BLE"]\n'}, True),
        ({"pyproject.toml": f'[tool.ruff]\nexclude = ["jobs"]\n{BROAD}'}, False),
        ({"pyproject.toml": "[tool.ruff"}, False),
        ({"ruff.toml": 'lint.select = ["BLE"]\n', "pyproject.toml": "[tool.ruff]\n"}, True),
        ({".ruff.toml": 'select = ["E"]\n', "pyproject.toml": BROAD}, False),
        ({"app/ruff.toml": 'select = ["E"]\n', "pyproject.toml": BROAD}, False),
        ({"app/pyproject.toml": "[project]\n", "pyproject.toml": BROAD}, True),
        ({"app/ruff.toml": "extend = '../pyproject.toml'\n", "pyproject.toml": BROAD}, True),
        ({"app/ruff.toml": "extend = '../app/ruff.toml'\nselect = ['BLE']\n"}, True),
        # what ruff checks of its own accord
        ({"ruff.toml": "", "uv.lock": 'name = "ruff"\nversion = "0.16.2"\n'}, True),
        ({"ruff.toml": "", "uv.lock": 'name = "ruff"\nversion = "0.15.9"\n'}, False),
        ({"ruff.toml": "", "uv.lock": 'name = "ruff-lsp"\nversion = "0.16.2"\n'}, False),
        ({"ruff.toml": "", "requirements.txt": "ruff==1.0.1\n"}, True),
        ({"ruff.toml": "", "requirements.txt": "ruff\n"}, False),
        ({"ruff.toml": "", ".pre-commit-config.yaml":
          "- repo: https://github.com/astral-sh/ruff-pre-commit\n  rev: v0.17.6\n"}, True),
        ({"ruff.toml": "lint.extend-ignore = ['BLE001']", "requirements.txt": "ruff>=0.16"}, False),
        ({"ruff.toml": "lint.select = ['E']", "requirements.txt": "ruff>=0.16"}, False),
        ({"requirements.txt": "ruff>=0.16"}, False),
    ],
)  # fmt: skip
def test_a_rule_is_on_for_a_file(files: dict[str, str], is_on: bool) -> None:
    texts = {f"/work/{name}": text.encode() for name, text in files.items()}
    path = "/work/app/jobs/run.py"
    told = deployments("/work", [path], sorted(texts), lambda name: texts.get(name, b""))
    assert told.linted("BLE001", path) == is_on
