"""The templates of Ansible's roles, rendered without Ansible: the same options, the role's own defaults."""

import hashlib
import json
import re

import jinja2
import yaml

from tests.support.processes import ROOT
from tests.support.tree.plugins import load

ROLES = ROOT / "ansible" / "roles"


def render(role: str, template: str, **variables: object) -> str:
    """A template of a role as Ansible renders it with these variables; fails where one is missing."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLES / role / "templates"),
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {
        "to_json": json.dumps,
        "hash": lambda text, name: hashlib.new(name, text.encode()).hexdigest(),
        "warmline_setting": load("filter", "warmline").setting,
    }
    environment.tests["search"] = lambda text, pattern: bool(re.search(pattern, text))
    defaults = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    return environment.get_template(template).render({"ansible_managed": "a test", **defaults, **variables})
