"""A mutation of amq's source, by its syntax tree. It is an error if the source no longer matches its description."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


class Rotten(Exception):
    """The error for a mutation whose text is not in the source, or not as often as it says."""


@dataclass(frozen=True)
class Mutant:
    """A mutation: in the function `where` of the file `amq/<file>`, OLD (a statement or an expression) becomes NEW.

    `where` is a path of names through the module, empty for its top level. TESTS are those that are to fail.
    """

    name: str
    file: str
    where: str
    old: str
    new: str
    tests: str
    times: int = 1

    @property
    def path(self) -> str:
        """Return the file's path in the repository."""
        return f"amq/{self.file}"

    def apply(self, source: str) -> str:
        """Return SOURCE with the mutation in it; raises Rotten."""
        tree = ast.parse(source)
        switch = _Switch(_single(self.old), _single(self.new))
        switch.visit(_scope(tree, self.where))
        if switch.hits != self.times:
            raise Rotten(f"{self.name}: {self.old!r} is {switch.hits} times in {self.path}: {self.where}")
        return ast.unparse(ast.fix_missing_locations(tree))

    def __str__(self) -> str:
        return self.name


def _single(text: str) -> ast.stmt | ast.expr:
    (statement,) = ast.parse(text).body
    return statement.value if isinstance(statement, ast.Expr) else statement


def _scope(tree: ast.Module, where: str) -> ast.AST:
    scope: ast.AST = tree
    for name in filter(None, where.split(".")):
        inside = (
            node for node in ast.walk(scope) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        )
        found = next((node for node in inside if node.name == name), None)
        if found is None:
            raise Rotten(f"there is no {where}")
        scope = found
    return scope


class _Switch(ast.NodeTransformer):
    """A transformer that replaces every node that reads like OLD by NEW."""

    def __init__(self, old: ast.stmt | ast.expr, new: ast.stmt | ast.expr) -> None:
        self._old = ast.unparse(old)
        self._new = new
        self.hits = 0

    def visit(self, node: ast.AST) -> ast.AST:
        """Return NODE, or its replacement."""
        if isinstance(node, ast.stmt | ast.expr) and ast.unparse(node) == self._old:
            self.hits += 1
            return self._new if isinstance(node, ast.expr) or isinstance(self._new, ast.stmt) else ast.Expr(self._new)
        return self.generic_visit(node)
