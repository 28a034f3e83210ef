"""The line that stands for a cell's assertions counts them, with a history of inputs or without."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

CELL = """
from torch.testing import assert_close
from diffusion.teaching.claims import claims_checked
for k in (1, 2):
    assert k > 0  # counts once
assert_close(1.0, 1.0)
claims_checked()
"""


@pytest.mark.parametrize("history", [True, False])  # without one, as nbval runs a cell
def test_the_assertions_of_the_cell_are_counted(history, capsys):
    shell = InteractiveShell.instance()
    try:
        shell.run_cell("assert True", store_history=history).raise_error()
        shell.run_cell(CELL, store_history=history).raise_error()
        one = CELL.replace("assert_close(1.0, 1.0)", "")
        shell.run_cell(one, store_history=history).raise_error()
    finally:
        InteractiveShell.clear_instance()
    assert capsys.readouterr().out == "✓ 2 claims checked\n✓ 1 claim checked\n"
