"""The modules of the firmware's package, some of them put together: the device loads fewer files, sooner.

MicroPython looks for each module four times in its file system, some seven milliseconds, and for each of its names
among all others; and each keeps tables of its own. In the files of TOGETHER the name `x` of module `m` is `m_x`, since
its modules share one module's names; what else they say is what the sources say, in the order in which those import
each other. There are several, and what interrupts run is in the smallest, since a module's names are hashed to eight
bits: among hundreds a look-up takes long.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..errors import UsageError
from .names import is_exception

# What a file has besides the module whose name it bears.
TOGETHER: Mapping[str, tuple[str, ...]] = {
    "bank": ("calibration", "fields", "files", "limits", "mark", "measured", "mpy", "preset", "sealed"),
    "recorder": ("cell", "contact", "deviation", "faults", "filling", "journal", "session", "settings", "tally"),
    "program": ("debounce", "guard"),
    "pulse": ("adc", "phases", "stage"),
    "app": ("console", "echo", "front", "moments", "panel", "power", "watcher"),
    "host": ("hold", "link", "methods", "strict"),
    "selftest": ("mean",),
}
# Files that stand by themselves, with all that they need: main.py has them when the others do not load.
ALONE = ("journal",)
_PACKAGE = "tonus"
_PROGRAM = ""  # the name of what is no module
# What MicroPython's compiler knows by name.
_WORDS = frozenset(("const", "micropython", "native", "viper", "ptr8", "ptr16", "ptr32"))


class Link:
    """The package's modules (path to source), and main.py's source, which starts them.

    UsageError, with file and line, when a module does what cannot be put together with others.
    """

    def __init__(
        self, sources: Mapping[str, str], main: str, together: Mapping[str, tuple[str, ...]] = TOGETHER
    ) -> None:
        modules = {_stem(path): _Module(_stem(path), source) for path, source in sources.items()}
        self._package = modules.pop("__init__")
        self._modules = modules
        self._exported = set(_imported(ast.parse(main)))
        self._home = {name: name for name in modules}
        self._home |= {member: name for name, members in together.items() for member in members}

    def files(self) -> dict[str, str]:
        """Path to source of what the device gets."""
        found = {self._package.path: self._package.source}
        linkers = [
            _Linker(name, self._modules, self._home, self._exported) for name in sorted(set(self._home.values()))
        ]
        for linker in linkers:
            members = [each for each in self._modules if self._home[each] == linker.name]
            found[self._modules[linker.name].path] = linker.text(members)
        for name in ALONE:
            home = dict.fromkeys(self._modules, name)
            found[self._modules[name].path] = _Linker(name, self._modules, home, self._exported).text([name])
        rebound = {flat for linker in linkers for flat in linker.rebound}
        for linker in linkers:
            if shared := linker.asked & rebound:
                raise UsageError(f"{_PACKAGE}/{linker.name}.py: {min(shared)}: given another value in another file")
        return found

    def program(self, source: str) -> str:
        """A program that asks for modules and names of the package, as one that asks for those of the files."""
        relative = source.replace(f"from {_PACKAGE} import", "from . import").replace(f"from {_PACKAGE}.", "from .")
        modules = {**self._modules, _PROGRAM: _Module(_PROGRAM, relative)}
        linked = _Linker(_PROGRAM, modules, {**self._home, _PROGRAM: _PROGRAM}, set()).text([_PROGRAM])
        return linked.replace("from .", f"from {_PACKAGE}.")


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py")


def _imported(main: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(main):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PACKAGE + "."):
            for alias in node.names:
                yield (node.module or "").partition(".")[2], alias.name


@dataclass(frozen=True)
class _Outside:
    """What a module has from MicroPython: a module, or a name of one."""

    module: str
    name: str | None

    def statement(self, here: str) -> str:
        if self.name is None:
            return f"import {self.module}"
        return f"from {self.module} import {self.name}" + (f" as {here}" if here != self.name else "")


@dataclass
class _Module:
    """A source: what it gives names to at its top, and what it has from others."""

    name: str
    source: str
    tree: ast.Module = field(init=False)
    own: dict[str, ast.stmt] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)  # local name: a module of the package
    names: dict[str, tuple[str, str]] = field(default_factory=dict)  # local name: module of the package, its name
    outside: dict[str, _Outside] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.source)
        for node in self.tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.outside[alias.asname or alias.name] = _Outside(alias.name, None)
            elif isinstance(node, ast.ImportFrom):
                self._from(node)
            else:
                for name in _bound([node]):
                    self.own[name] = node

    def _from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            here = alias.asname or alias.name
            if not node.level:
                self.outside[here] = _Outside(node.module or "", alias.name)
            elif node.module:
                self.names[here] = (node.module, alias.name)
            elif alias.name.islower():
                self.modules[here] = alias.name
            else:
                self.outside[here] = _Outside(_PACKAGE, alias.name)

    def needs(self) -> Iterator[str]:
        """Modules of the package, in the order of its imports."""
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and node.level:
                for alias in node.names:
                    here = alias.asname or alias.name
                    if here in self.modules:
                        yield self.modules[here]
                    elif here in self.names:
                        yield self.names[here][0]

    @property
    def path(self) -> str:
        return f"{_PACKAGE}/{self.name}.py"

    def stays(self, name: str) -> bool:
        """Whether a name is the same everywhere: an exception's, which people read, or one that the compiler knows."""
        node = self.own[name]
        return isinstance(node, ast.ClassDef) and is_exception(node) or name in _WORDS

    def fail(self, node: ast.AST, why: str) -> UsageError:
        return UsageError(f"{_PACKAGE}/{self.name}.py: line {getattr(node, 'lineno', 0)}: {why}")


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    """The names that these statements give something, in their own scope."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
            waiting += node.decorator_list
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            if isinstance(node, ast.ExceptHandler) and node.name:
                yield node.name
            waiting += ast.iter_child_nodes(node)


class _Linker:
    """Puts the modules of one file together. `home`: module to the file that it is in."""

    def __init__(
        self, name: str, modules: Mapping[str, _Module], home: Mapping[str, str], exported: set[tuple[str, str]]
    ) -> None:
        self.name = name
        self.rebound: set[str] = set()  # flat names that are given another value in a function
        self.asked: set[str] = set()  # flat names of other files
        self._modules = modules
        self._home = home
        self._exported = exported
        self._linked: list[str] = []
        self._body: list[ast.stmt] = []
        self._imports: set[str] = set()
        self._named: dict[str, _Outside] = {}

    def text(self, members: list[str]) -> str:
        for name in members:
            self._take(name)
        return "\n".join([*sorted(self._imports), ast.unparse(ast.Module(self._body, [])), ""])

    def flat(self, module: str, name: str) -> str:
        """What a module's own name is called everywhere but perhaps at home."""
        if module == _PROGRAM or self._modules[module].stays(name):
            return name
        private = name.startswith("_")  # what the compiler may take for a const
        return f"_{module}{name}" if private else f"{module}_{name}"

    def at_home(self, module: str, name: str) -> str:
        """What it is called in the file that it is in."""
        exported = (module, name) in self._exported and self._home[module] == module
        return name if exported else self.flat(module, name)

    def is_within(self, module: str) -> bool:
        return self._home[module] != module or module == self.name

    def found(self, module: str, name: str, node: ast.AST, asking: _Module) -> str:
        """What a module's name is here, own or not; imported if it is in another file."""
        if module not in self._modules:
            raise asking.fail(node, f"{module}: no such module")
        its = self._modules[module]
        if name in its.own:
            if self._home[module] == self.name:
                return self.at_home(module, name)
            flat = self.flat(module, name)
            self.asked.add(flat)
            there = self.at_home(module, name)
            renamed = f" as {flat}" if flat != there else ""
            self._imports.add(f"from .{self._home[module]} import {there}{renamed}")
            return flat
        if name in its.names:
            return self.found(*its.names[name], node, asking)
        if name in its.outside:
            return self._outside(its.outside[name])
        raise asking.fail(node, f"{module}.{name}: no such name")

    def _outside(self, outside: _Outside) -> str:
        """What something of MicroPython's is called here: as there, if nothing else is."""
        here = outside.name or outside.module
        own = {name for module in self._linked for name in self._modules[module].own}
        taken = here in own or hasattr(builtins, here)
        if self._named.get(here, outside) != outside or taken and here not in _WORDS:
            here = f"{outside.module}_{here}"
        self._named[here] = outside
        self._imports.add(outside.statement(here))
        return here

    def _take(self, name: str) -> None:
        if name in self._linked:
            return
        self._linked.append(name)
        module = self._modules[name]
        for needed in module.needs():
            if self._home.get(needed) == self.name:
                self._take(needed)
        flattened = _Flat(self, module)
        for node in ast.parse(module.source).body:
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                self._body.append(flattened.visit(node))


class _Flat(ast.NodeTransformer):
    """Gives what is global its name in common."""

    def __init__(self, linker: _Linker, module: _Module) -> None:
        self._linker = linker
        self._module = module
        self._scopes: list[set[str]] = []  # of the functions around
        self._classes: list[set[str]] = [set()]  # of the class whose body this is, if it is one
        self._later: list[dict[str, str]] = [{}]  # local name: module that is imported in a function
        self._changed: list[set[str]] = [set()]  # that a function gives another value

    def _is_local(self, name: str) -> bool:
        return name in self._classes[-1] or any(name in scope for scope in self._scopes)

    def _flat(self, name: str, node: ast.AST) -> str | None:
        """A global name's; None for one of MicroPython's."""
        its = self._module
        if name in its.own or name in its.names or name in its.outside:
            return self._linker.found(its.name, name, node, its)
        if name in its.modules:
            raise its.fail(node, f"{name}: a module as a value")
        return None

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not self._is_local(node.id):
            node.id = self._flat(node.id, node) or node.id
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        base = node.value
        if isinstance(base, ast.Name):
            later = {name: module for each in self._later for name, module in each.items()}
            if base.id in later:
                node.attr = self._of(later[base.id], node.attr, node)
                return node
            if base.id in self._module.modules and not self._is_local(base.id):
                flat = self._linker.found(self._module.modules[base.id], node.attr, node, self._module)
                if isinstance(node.ctx, ast.Store):
                    self._changed[-1].add(flat)
                    self._linker.rebound.add(flat)
                return ast.copy_location(ast.Name(flat, node.ctx), node)
        return self.generic_visit(node)

    def _of(self, module: str, name: str, node: ast.AST) -> str:
        """What a name of a module is called there that is loaded later."""
        if self._linker.is_within(module):
            raise self._module.fail(node, f"{module}: imported in a function, and loaded already")
        return self._linker.at_home(module, name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.level and node.module:
            for alias in node.names:
                alias.asname = alias.asname or alias.name
                alias.name = self._of(node.module, alias.name, node)
        elif node.level:
            for alias in node.names:
                self._later[-1][alias.asname or alias.name] = alias.name
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        raise self._module.fail(node, "global: not allowed in the firmware")

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        raise self._module.fail(node, "an f-string: not allowed in the firmware, for the names in it")

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.bases = [self.visit(base) for base in node.bases]
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        if not self._scopes and not self._classes[-1]:
            node.name = self._flat(node.name, node) or node.name
        self._classes.append(set(_bound(node.body)))
        node.body = [self.visit(each) for each in node.body]
        self._classes.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        if not self._scopes and not self._is_local(node.name):
            node.name = self._flat(node.name, node) or node.name
        self._arguments(node.args)
        if node.returns:
            node.returns = self.visit(node.returns)
        self._changed.append(set())
        self._later.append({})
        with self._within(_parameters(node.args) | set(_bound(node.body))):
            node.body = [self.visit(each) for each in node.body]
        self._later.pop()
        if changed := self._changed.pop():
            node.body.insert(0, ast.Global(sorted(changed)))
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._arguments(node.args)
        with self._within(_parameters(node.args)):
            node.body = self.visit(node.body)
        return node

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> ast.AST:
        targets = [each for generator in node.generators for each in ast.walk(generator.target)]
        with self._within({each.id for each in targets if isinstance(each, ast.Name)}):
            return self.generic_visit(node)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    @contextmanager
    def _within(self, names: set[str]) -> Iterator[None]:
        """A function's scope: what its class gives names to is none of its own."""
        self._scopes.append(names)
        self._classes.append(set())
        yield
        self._classes.pop()
        self._scopes.pop()

    def _arguments(self, arguments: ast.arguments) -> None:
        """Defaults and annotations, of the scope around."""
        arguments.defaults = [self.visit(each) for each in arguments.defaults]
        arguments.kw_defaults = [each and self.visit(each) for each in arguments.kw_defaults]
        for each in _each(arguments):
            if each.annotation:
                each.annotation = self.visit(each.annotation)


def _each(arguments: ast.arguments) -> list[ast.arg]:
    extra = [each for each in (arguments.vararg, arguments.kwarg) if each]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _parameters(arguments: ast.arguments) -> set[str]:
    return {each.arg for each in _each(arguments)}
