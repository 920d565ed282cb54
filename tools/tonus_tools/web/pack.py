"""Python sources as the page's MicroPython takes them: bytecode in place of machine code, and nothing for readers.

Its compiler refuses viper and native code; the stand-ins of mpy.py and bind.py then serve. It knows no `__future__`, no
`strict` of zip and no star in a list, and needs neither docstrings nor annotations.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import fields
from pathlib import Path

from .. import world
from ..ctl import calibrate, client, margins, words
from ..face import handheld
from ..progress import calendar_days, symmetry
from ..sim import scenario
from ..sim.runner import TARGET
from ..world import parts
from ..world.boards import BOARDS, FIRMWARE
from ..world.faults import FAULTS

MACHINE_CODE = ("native", "viper")
FOR_TYPES = ("__future__", "typing", "collections.abc")
TYPES = ("Callable", "Mapping", "Sequence", "dict", "list", "tuple")
WORLD = ("__init__.py", "bind.py", "breaks.py", "habits.py", "model.py")  # what of that room the simulated device runs
# The interpreter has modules of these names that come before files.
RENAMED = {"time.py": "sim_time.py", "select.py": "sim_select.py", "asyncio.py": "sim_asyncio.py"}


class _Lean(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [d for d in node.decorator_list if not _is_machine_code(d)]
        node.returns = None
        arguments = node.args
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            argument.annotation = None
        for star in (arguments.vararg, arguments.kwarg):
            if star is not None:
                star.annotation = None
        return self._body(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        names = [d.func.id for d in node.decorator_list if isinstance(d, ast.Call) and isinstance(d.func, ast.Name)]
        if "dataclass" in names:
            node.decorator_list = []
            _as_plain_class(node)
        return self._body(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """A date's format, which it knows of no class, as a call: the text is then joined."""
        self.generic_visit(node)
        if not any(_date_form(part) for part in node.values):
            return node
        parts: list[ast.expr] = []
        for part in node.values:
            form = _date_form(part)
            if form and isinstance(part, ast.FormattedValue):
                parts.append(ast.Call(ast.Attribute(part.value, "strftime", ast.Load()), [ast.Constant(form)], []))
            else:
                parts.append(part if isinstance(part, ast.Constant) else ast.JoinedStr([part]))
        return ast.Call(ast.Attribute(ast.Constant(""), "join", ast.Load()), [ast.List(parts, ast.Load())], [])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return ast.Pass()
        return self.generic_visit(ast.Assign([node.target], node.value))

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        """Without names for types."""
        value = node.value
        named = isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) and value.value.id in TYPES
        return None if named else self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module in FOR_TYPES and not node.level else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "zip":
            node.keywords = [k for k in node.keywords if k.arg != "strict"]
        return node

    def visit_List(self, node: ast.List) -> ast.AST:
        """[a, *b, c], which it does not know, as [a] + list(b) + [c]."""
        self.generic_visit(node)
        if not any(isinstance(e, ast.Starred) for e in node.elts) or not isinstance(node.ctx, ast.Load):
            return node
        parts: list[ast.expr] = [ast.List([], ast.Load())]
        for element in node.elts:
            if isinstance(element, ast.Starred):
                parts.append(ast.Call(ast.Name("list", ast.Load()), [element.value], []))
            else:
                parts.append(ast.List([element], ast.Load()))
        whole = parts[0]
        for part in parts[1:]:
            whole = ast.BinOp(whole, ast.Add(), part)
        return whole

    def _body(self, node: ast.Module | ast.ClassDef | ast.FunctionDef) -> ast.AST:
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:]
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node


def _date_form(part: ast.expr) -> str | None:
    """The format of a date in a text, or None."""
    spec = part.format_spec if isinstance(part, ast.FormattedValue) else None
    if isinstance(spec, ast.JoinedStr) and len(spec.values) == 1 and isinstance(spec.values[0], ast.Constant):
        form = spec.values[0].value
        if isinstance(form, str) and form.startswith("%"):
            return form
    return None


def _as_plain_class(node: ast.ClassDef) -> None:
    """A dataclass, written out: what it is made of, equal when all of that is."""
    fields = [e for e in node.body if isinstance(e, ast.AnnAssign) and isinstance(e.target, ast.Name)]
    names = [field.target.id for field in fields if isinstance(field.target, ast.Name)]
    defaults = [f"={ast.unparse(field.value)}" if field.value is not None else "" for field in fields]
    given = ", ".join(name + default for name, default in zip(names, defaults, strict=True))
    kept = "\n        ".join(f"self.{name} = {name}" for name in names)
    key = "".join(f"self.{name}, " for name in names)
    written = f"""
class _:
    def __init__(self, {given}):
        {kept}
    def _key(self):
        return ({key})
    def __eq__(self, other):
        return type(self) == type(other) and self._key() == other._key()
    def __hash__(self):
        return hash(self._key())
"""
    made = ast.parse(written).body[0]
    assert isinstance(made, ast.ClassDef)
    node.body = [e for e in node.body if e not in fields] + made.body


def _is_machine_code(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Attribute) and decorator.attr in MACHINE_CODE


def lean(source: str, name: str = "<source>") -> str:
    """A source that does the same, for a machine alone. SyntaxError."""
    return ast.unparse(ast.fix_missing_locations(_Lean().visit(ast.parse(source, name)))) + "\n"


def firmware(board: str = scenario.DEFAULT_BOARD) -> dict[str, str | None]:
    """What is on the device: path to text, None for a folder."""
    found: dict[str, str | None] = {"tonus": None, "tonus/presets": None}
    for path in [FIRMWARE / "main.py", *sorted((FIRMWARE / "tonus").glob("*.py"))]:
        found[path.relative_to(FIRMWARE).as_posix()] = lean(path.read_text(encoding="utf-8"), path.name)
    for path in sorted((FIRMWARE / "tonus" / "presets").glob("*.json")):
        found[path.relative_to(FIRMWARE).as_posix()] = path.read_text(encoding="utf-8")
    found["board.py"] = (BOARDS / board / "board.py").read_text(encoding="utf-8")
    return found


def target(page: Path) -> dict[str, str | None]:
    """The simulator's files, and the page's own (`page`): path to text, None for a folder."""
    paths = [*sorted(TARGET.glob("*.py")), *sorted(page.glob("*.py"))]
    found: dict[str, str | None] = {"world": None}
    for path in paths:
        found[RENAMED.get(path.name, path.name)] = lean(path.read_text(encoding="utf-8"), path.name)
    for name in WORLD:
        path = Path(world.__file__).with_name(name)
        found[f"world/{name}"] = lean(path.read_text(encoding="utf-8"), path.name)
    return found


# In place of what the modules below take from elsewhere.
CLIENT = """class _Field:
    def __init__(self, name):
        self.name = name
Client = Held = None
Session = [_Field(name) for name in %r]
Fault = [_Field(name) for name in %r]
"""
ERRORS = "class NotGood(Exception):\n    pass\nclass UsageError(Exception):\n    pass\n"
STAND_INS = {
    "tonus_tools/errors.py": ERRORS,
    "dataclasses.py": "dataclass = None\ndef fields(record):\n    return record\n",
    "types.py": "SimpleNamespace = None\n",
    "enum.py": "class StrEnum:\n    pass\n",
}
TOOLS = Path(words.__file__).parents[1]
SHARED = (
    words,
    calibrate,
    margins,
    calendar_days,
    symmetry,
)  # that the page runs, with the modules of the tools that they need


def desk(page: Path) -> dict[str, str | None]:
    """The page's own, and what of the tools it runs."""
    found: dict[str, str | None] = dict(STAND_INS)
    names = [[f.name for f in fields(record)] for record in (client.Session, client.Fault)]
    found["tonus_tools/ctl/client.py"] = CLIENT % tuple(names)
    wanted = [Path(str(module.__file__)) for module in SHARED]
    while wanted:
        path = wanted.pop()
        name = f"tonus_tools/{path.relative_to(TOOLS).as_posix()}"
        if name not in found:
            source = path.read_text(encoding="utf-8")
            found[name] = lean(source, path.name)
            wanted += _needed(source, path)
    for name in list(found):
        folder = Path(name).parent
        while folder.name:
            found.setdefault(f"{folder.as_posix()}/__init__.py", "")
            found[folder.as_posix()] = None
            folder = folder.parent
    for path in sorted(page.glob("*.py")):
        found[path.name] = lean(path.read_text(encoding="utf-8"), path.name)
    return dict(sorted(found.items(), key=lambda item: (item[1] is not None, item[0])))


def _needed(source: str, path: Path) -> list[Path]:
    """The modules of the tools that a source imports."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            named = [base / f"{alias.name}.py" for alias in node.names] if base.is_dir() else [base.with_suffix(".py")]
            found += [one for one in named if one.is_file()]
    return found


def what_to_do() -> dict[str, str]:
    """Number of a fault to what the manual says to do about it; "as 13" and "the same" are written out."""
    table = (FIRMWARE / "README.md").read_text(encoding="utf-8").split("## Faults")[1].split("\n## ")[0]
    found: dict[str, str] = {}
    last = ""
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not cells[0].isdigit():
            continue
        told = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cells[-1])
        other = re.match(r"as (\d+)", told)
        if other and other[1] in found:
            told = found[other[1]] + told[other.end() :]
        elif told.startswith("the same"):
            told = last + told[len("the same") :]
        found[cells[0]] = told
        last = told.split(". ")[0]
    return found


def packed(sources: Path, board: str = scenario.DEFAULT_BOARD) -> str:
    """All of it, as JSON: folders of files, the errors of a typical device's parts, what can break, how it is drawn."""
    pack = {
        "target": target(sources / "target"),
        "desk": desk(sources / "desk"),
        "firmware": firmware(board),
        "errors": parts.resolve("typical", {}, board),
        "faults": FAULTS,
        "what_to_do": what_to_do(),
        "handheld": handheld.table(),
    }
    return json.dumps(pack, separators=(",", ":"))
