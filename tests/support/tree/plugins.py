"""The playbooks' plugins, which are no package: loaded by their files, as Ansible does."""

import importlib.util
from types import ModuleType

from tests.support.processes import ROOT


def load(kind: str, name: str) -> ModuleType:
    """The plugin of that kind (a folder's name) and name."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "ansible" / "plugins" / kind / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
