"""What does this expression hold, and how do we know? Answers come with their chain of facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qw_codemod.source import SourceFile


class Inference:
    """Knowledge about one tree of files.

    `root` is the absolute path of the project, `files` the absolute paths of every Python file in
    it (also those that are not examined), `types` the user's own wrappers: dotted name to the dotted
    name of the class that it gives.
    """

    def __init__(
        self, root: str, files: Sequence[str], types: Mapping[str, str] | None = None
    ) -> None:
        self.root = root
        self.files = files
        self.types = dict(types or {})

    def overlay(self, source: SourceFile) -> None:
        """Look at this version of the file instead of the one on disk."""
