"""Rule packs, loaded by entry point: the built-in rules come the same way as anyone else's."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from qw_codemod.kernel.document import Document, Language
from qw_codemod.languages.python import PYTHON
from qw_codemod.rules.api import Check, Codemod, Lazy

GROUP = "qw_codemod.packs"

_SECTIONS = re.compile(r"^What it does$", re.M)
_CODE = re.compile(r"[A-Z]+[0-9]+")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class PackError(Exception):
    """The rules cannot be loaded, or none are meant; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One check with where it comes from.

    `doc` is the page of its family, the docstring of the module; `page` its own, the docstring of
    the function that finds, where that has sections.
    """

    check: Check
    family: str
    module: str
    doc: str = ""

    @property
    def code(self) -> str:
        """The code of the check, as in `QW101`."""
        return self.check.code

    @property
    def name(self) -> str:
        """The name of the check: the pattern that it finds."""
        return self.check.name

    @property
    def page(self) -> str:
        """The page of its own; empty where there is only that of the family."""
        find = self.check.find
        text = inspect.getdoc(find.function if isinstance(find, Lazy) else find) or ""
        return text.strip() if _SECTIONS.search(text) else ""


@dataclass(frozen=True)
class Pack:
    """All rules that are installed, by code; the codemods are imported when first asked for."""

    rules: tuple[Rule, ...]
    codemod_modules: Mapping[str, str] = field(default_factory=dict)  # family: dotted module
    _codemods: dict[str, Codemod] = field(default_factory=dict, repr=False)  # by code
    _by_document: dict[type[Document], tuple[Rule, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def families(self) -> tuple[str, ...]:
        """The names of the families, sorted."""
        return tuple(sorted({rule.family for rule in self.rules}))

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all rules."""
        return frozenset(rule.code for rule in self.rules)

    def languages(self, codes: Collection[str] | None = None) -> tuple[Language, ...]:
        """Python, and the languages of these rules (of all if None), in the order of their names.

        Python is always there: what rules ask of a project is asked of its Python files.
        """
        meant = (rule for rule in self.rules if codes is None or rule.code in codes)
        others = {rule.check.language for rule in meant} - {PYTHON}
        return (PYTHON, *sorted(others, key=lambda language: language.name))

    def rules_for(self, document: type[Document]) -> tuple[Rule, ...]:
        """The rules on the files of a language, which are such documents."""
        if document not in self._by_document:
            self._by_document[document] = tuple(
                rule for rule in self.rules if rule.check.language.document is document
            )
        return self._by_document[document]

    def rule(self, code: str) -> Rule:
        """The rule of a code or a name; raises PackError with near matches."""
        for rule in self.rules:
            if code.upper() == rule.code or code == rule.name:
                return rule
        raise PackError(self._unknown(code, ("rule",)))

    def select(self, selectors: Iterable[str]) -> frozenset[str]:
        """The codes meant by families, codes, rule names or `all`, also separated by commas.

        Raises PackError for an unknown one, with near matches, and where nothing is meant.
        """
        chosen: set[str] = set()
        for selector in selectors:
            for word in filter(None, (part.strip() for part in selector.split(","))):
                chosen |= self._meant(word)
        if not chosen:
            raise PackError(f"no rules selected; choose from {', '.join(self.families)}, all")
        return frozenset(chosen)

    def _meant(self, word: str) -> set[str]:
        if word == "all":
            return set(self.codes)
        meant = {rule.code for rule in self.rules if word in (rule.family, rule.name)}
        meant |= {rule.code for rule in self.rules if word.upper() == rule.code}
        if not meant:
            raise PackError(self._unknown(word, ("family", "rule")))
        return meant

    def _unknown(self, word: str, kinds: tuple[str, ...]) -> str:
        rules = [each for rule in self.rules for each in (rule.code, rule.name)]
        known = [*(self.families if "family" in kinds else ()), *rules]
        near = difflib.get_close_matches(word.lower(), [each.lower() for each in known], 3)
        likely = [each for name in near for each in known if each.lower() == name]
        hint = f"did you mean {' or '.join(likely)}?" if likely else "`qw-codemod rules` lists them"
        return f"unknown {' or '.join(kinds)} {word!r}; {hint}"

    def fixes(self, family: str) -> bool:
        """Whether the family comes with a codemod, without importing it."""
        return family in self.codemod_modules or any(
            rule.family == family and rule.code in self._codemods for rule in self.rules
        )

    def codemods(self) -> Mapping[str, Codemod]:
        """The codemod for each code that has one; the first call imports them, and LibCST."""
        if self.codemod_modules and not self._codemods:
            families = sorted(self.codemod_modules.items())
            loaded = {family: _codemod(_import(module)) for family, module in families}
            self._codemods.update(_by_code(loaded, self.codes))
        return self._codemods


def load() -> Pack:
    """The rules of every installed pack; raises PackError, also where there are none."""
    modules: dict[str, dict[str, str]] = {"checks": {}, "codemods": {}}
    # One package can be seen twice: installed, and as metadata in the working directory.
    for kind, package in sorted({(each.name, each.value) for each in entry_points(group=GROUP)}):
        if kind not in modules:
            raise PackError(
                f"entry point {kind!r} of group {GROUP!r} ({package}): "
                "its name must be `checks` or `codemods`"
            )
        for family, module in _walk(_import(package)):
            if family in modules[kind]:
                other = modules[kind][family]
                raise PackError(f"family {family!r} comes from {other} and from {module}")
            modules[kind][family] = module
    rules = [
        Rule(check, family, dotted, (module.__doc__ or "").strip())
        for family, dotted in modules["checks"].items()
        for module in [_import(dotted)]
        for check in _checks(module)
    ]
    return Pack(_verified(rules), modules["codemods"])


def assemble(
    checks: Mapping[str, Iterable[Check]], codemods: Mapping[str, Codemod] | None = None
) -> Pack:
    """A pack of rules at hand, by family; for tests, and for programs that bring their own."""
    rules = [Rule(check, family, "") for family in checks for check in checks[family]]
    verified = _verified(rules)
    codes = frozenset(rule.code for rule in verified)
    return Pack(verified, {}, _by_code(codemods or {}, codes))


def _walk(package: ModuleType) -> Iterator[tuple[str, str]]:
    if not hasattr(package, "__path__"):
        raise PackError(f"{package.__name__} is not a package, so it holds no families")
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            yield module.name, f"{package.__name__}.{module.name}"


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (ImportError, SyntaxError, NameError, AttributeError, TypeError, ValueError) as error:
        raise PackError(f"cannot import the rules in {name}: {error}") from error


def _checks(module: ModuleType) -> tuple[Check, ...]:
    checks = getattr(module, "CHECKS", None)
    if not isinstance(checks, tuple) or not all(isinstance(check, Check) for check in checks):
        raise PackError(f"{module.__name__} has no `CHECKS`, a tuple of Check")
    return checks


def _codemod(module: ModuleType) -> Codemod:
    codemod = getattr(module, "CODEMOD", None)
    if not isinstance(codemod, Codemod):
        raise PackError(f"{module.__name__} has no `CODEMOD`, a Codemod")
    return codemod


def _verified(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    taken: dict[str, Rule] = {}
    for rule in rules:
        if not _CODE.fullmatch(rule.code):
            raise PackError(f"code {rule.code!r} of {rule.family}: capitals, then digits, as QW101")
        if not _NAME.fullmatch(rule.name):
            raise PackError(f"name {rule.name!r} of {rule.code}: lower-case words and hyphens")
        for key in (rule.code, rule.name):
            if key in taken:
                other = taken[key]
                raise PackError(f"{key!r} is in the families {other.family} and {rule.family}")
            taken[key] = rule
    if not taken:
        raise PackError(f"no rules found: no installed package has checks in the group {GROUP!r}")
    return tuple(sorted(set(taken.values()), key=lambda rule: rule.code))


def _by_code(codemods: Mapping[str, Codemod], codes: frozenset[str]) -> dict[str, Codemod]:
    result: dict[str, Codemod] = {}
    for family, codemod in codemods.items():
        for code in codemod.fixes:
            if code not in codes:
                raise PackError(f"codemod {family!r} fixes {code}, which no check finds")
            if code in result:
                raise PackError(f"{code} is fixed by two codemods, one of them {family!r}")
            result[code] = codemod
    return result


def fingerprint(pack: Pack) -> str:
    """What stands for the code of the engine and of the rules: its files, as they lie there."""
    made = hashlib.blake2b(f"{sys.version}\0{sorted(pack.codes)}".encode(), digest_size=16)
    names = {"qw_codemod", *(rule.module for rule in pack.rules)}
    names |= {name.partition(".")[0] for name in names}
    files = [getattr(sys.modules.get(name), "__file__", None) for name in names]
    folders = {Path(file).parent for file in files if file}
    for folder in sorted(folders, key=lambda each: (each.name, each)):
        for file in sorted(folder.glob("*.py" if folder.parent in folders else "**/*.py")):
            made.update(f"{folder.name}/{file.relative_to(folder).as_posix()}\0".encode())
            made.update(file.read_bytes())
    return made.hexdigest()
