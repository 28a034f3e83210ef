"""One line in place of the assertions of a cell, which stand folded above it."""

import ast

from IPython import get_ipython


def claims_checked() -> None:
    """Print how many assertions the cell that runs now holds; as its last line, all have held."""
    tree = ast.parse(get_ipython().user_ns["In"][-1])
    held = [node for node in ast.walk(tree) if isinstance(node, ast.Assert) or _asserts(node)]
    print(f"✓ {len(held)} {'claim' if len(held) == 1 else 'claims'} checked")


def _asserts(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("assert_close")
