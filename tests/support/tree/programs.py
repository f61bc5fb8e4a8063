"""The programs that roles install on hosts: Python without an extension."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType

from tests.support.tree.roles import ROLES


def load(role: str, program: str) -> ModuleType:
    """A program of a role as a module, not run."""
    loader = SourceFileLoader(program.replace("-", "_"), str(ROLES / role / "files" / program))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module
