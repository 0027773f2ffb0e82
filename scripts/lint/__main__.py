"""Run every house rule over the checkout and print what breaks them. Exit status 1 when something does."""

import sys
from pathlib import Path

from scripts.lint.rule import Checkout, findings
from scripts.lint.rules import RULES


def main(root: Path) -> int:
    """Print each finding as `path:line: rule: message` and return the exit status."""
    checkout = Checkout(root)
    count = 0
    for rule in RULES:
        found = findings(rule, checkout)
        count += len(found)
        for finding in found:
            print(f"{finding.path}:{finding.line}: {rule.name}: {finding.message}")
        if found:
            print(f"    why: {rule.reason}")
            print(f"    an exception, on the line: # lint: {rule.suppress} <reason>")
    print(f"{len(RULES)} house rules, {count} findings")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[2]))
