"""The setting that names a policy, put into the project's pyproject.toml."""

from __future__ import annotations

from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from qw_codemod.kernel import toml


def policies(text: str, family: str) -> list[str]:
    """The policies that the text of a pyproject.toml names; none where it cannot be read."""
    try:
        value = toml.table(toml.parsed(text), "tool", "qw-codemod", family).get("policy") or []
    except ValueError:
        return []
    return [each for each in (value if isinstance(value, list) else [value]) if each]


def with_policy(text: str, family: str, policy: str) -> str | None:
    """The text of a pyproject.toml that names a policy, as one more where it names others.

    None where the text cannot be edited; the same text where it names that policy already.
    """
    try:
        before: Any = toml.parsed(text)
        named = before.get("tool", {}).get("qw-codemod", {}).get(family, {}).get("policy")
        listed = policies(text, family)
        if policy in listed:
            return text
        value = [*listed, policy] if listed else policy
        if named is None and f"[tool.qw-codemod.{family}]" not in text:
            line = f'[tool.qw-codemod.{family}]\npolicy = "{policy}"\n'
            gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
            after = text + gap + line
        else:
            document: Any = tomlkit.parse(text)
            document["tool"]["qw-codemod"][family]["policy"] = value
            after = tomlkit.dumps(document)
        wanted = toml.parsed(text)
        table = wanted.setdefault("tool", {}).setdefault("qw-codemod", {}).setdefault(family, {})
        table["policy"] = value
        return after if toml.parsed(after) == wanted else None
    except (AttributeError, KeyError, TypeError, ValueError, TOMLKitError):
        return None
