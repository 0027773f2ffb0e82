"""One house rule per file, each with its reason on top, and the list of them all."""

from scripts.lint.rule import Rule
from scripts.lint.rules import (
    file_length,
    guarded_endpoints,
    machine_paths,
    no_eval,
    no_format_branch,
    sql_literals,
    vocabulary,
)

RULES: tuple[Rule, ...] = (
    file_length.RULE,
    guarded_endpoints.RULE,
    machine_paths.RULE,
    no_eval.RULE,
    no_format_branch.RULE,
    sql_literals.RULE,
    vocabulary.RULE,
)
