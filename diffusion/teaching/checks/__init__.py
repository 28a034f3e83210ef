"""Feedback on the exercises that names the mistake.

Each check takes what the learner wrote and prints one line: that nothing has been attempted, that
it is correct, or what went wrong. It never raises, whatever it is given, so that an open
exercise is no broken notebook. `grade` raises what a check says, which is what a grader wants.

The checks of lesson N are in `lesson_N.py`; how they judge is in `judging.py`.
"""

from diffusion.teaching.checks.judging import NOT_ATTEMPTED, grade
from diffusion.teaching.checks.lesson_1 import check_beta_for_spread, check_forward_step
from diffusion.teaching.checks.lesson_2 import check_forward_chain, check_signal_left
from diffusion.teaching.checks.lesson_3 import check_beta_end_for_100, check_schedule_tables
from diffusion.teaching.checks.lesson_4 import check_q_sample
from diffusion.teaching.checks.lesson_5 import check_sample_xt
from diffusion.teaching.checks.lesson_6 import check_cosine, check_repair
from diffusion.teaching.checks.lesson_7 import (
    check_posterior_mean,
    check_sampler,
    check_training_loss,
)

__all__ = [
    "NOT_ATTEMPTED",
    "check_beta_end_for_100",
    "check_beta_for_spread",
    "check_cosine",
    "check_forward_chain",
    "check_forward_step",
    "check_posterior_mean",
    "check_q_sample",
    "check_repair",
    "check_sample_xt",
    "check_sampler",
    "check_schedule_tables",
    "check_signal_left",
    "check_training_loss",
    "grade",
]
