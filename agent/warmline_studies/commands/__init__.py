"""The command line of what is worked out from traces: `warmline trace`, `warmline plan`, `warmline tune`.

Every command of the program passes through here, so what a study is made of is imported when one is run.
"""

from warmline_studies.commands.arguments import add_plan, add_trace, add_tune

__all__ = ["add_plan", "add_trace", "add_tune"]
