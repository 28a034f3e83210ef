"""Feedback on the exercises that names the mistake.

Each check takes what the learner wrote and prints one line: that nothing has been attempted, that
it is correct, or what went wrong. It never raises, whatever it is given, so that an open
exercise is no broken notebook.

The checks of lesson N are in `lesson_N.py`; how they judge is in `judging.py`.
"""

from diffusion.teaching.checks.judging import NOT_ATTEMPTED
from diffusion.teaching.checks.lesson_1 import beta_for_spread, forward_step
from diffusion.teaching.checks.lesson_2 import forward_chain, signal_left
from diffusion.teaching.checks.lesson_3 import beta_end_for_100, schedule_tables
from diffusion.teaching.checks.lesson_4 import q_sample
from diffusion.teaching.checks.lesson_5 import sample_xt

__all__ = [
    "NOT_ATTEMPTED",
    "beta_end_for_100",
    "beta_for_spread",
    "forward_chain",
    "forward_step",
    "q_sample",
    "sample_xt",
    "schedule_tables",
    "signal_left",
]
