"""One line in place of the assertions of a cell, which stand folded above it."""

import ast
import linecache
import sys


def claims_checked() -> None:
    """Print how many assertions the cell that runs now holds; as its last line, all have held."""
    # Not from the history of inputs: nbval runs cells without writing one.
    cell = sys._getframe(1).f_code.co_filename
    tree = ast.parse("".join(linecache.getlines(cell)))
    held = [node for node in ast.walk(tree) if isinstance(node, ast.Assert) or _asserts(node)]
    print(f"✓ {len(held)} {'claim' if len(held) == 1 else 'claims'} checked")


def _asserts(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("assert_close")
