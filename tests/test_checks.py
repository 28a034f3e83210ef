"""Each exercise's check: no attempt, the solution, every named mistake, learners' accidents."""

import math

import numpy as np
import pytest
import torch

from diffusion import q_sample
from diffusion.teaching import checks

# ------------------------------------------------------------------ lesson 1: forward_step


def step(keep, add):
    return lambda x_prev, beta, noise: keep(beta) * x_prev + add(beta) * noise


KEEP, ADD = (lambda b: math.sqrt(1 - b)), math.sqrt
FORWARD_STEP = {
    "Correct": step(KEEP, ADD),
    "scaled the noise by β": step(KEEP, lambda b: b),
    "left √(1−β) out:": step(lambda b: 1, ADD),
    "kept (1−β)": step(lambda b: 1 - b, ADD),
    "left out both square roots": step(lambda b: 1 - b, lambda b: b),
    "factors are swapped": step(ADD, KEEP),
    "left √(1−β) out and used β": step(lambda b: 1, lambda b: b),
    "clamped the result": lambda *given: step(KEEP, ADD)(*given).clamp(-1, 1),
    "subtracted the noise": step(KEEP, lambda b: -math.sqrt(b)),
    "noise alone": step(lambda b: 0, ADD),
    "picture alone": step(KEEP, lambda b: 0),
}

# ------------------------------------------------------------------ lesson 1: beta_for_spread

BETA_FOR_SPREAD = {
    "Correct": 0.25,
    "0.5 is the standard deviation": 0.5,
    "square root where a square": 0.7071,
    "1 − β": 0.75,
}

# ------------------------------------------------------------------ lesson 2: forward_chain


def sqrt_alpha(schedule, t):
    return schedule.alpha(t).sqrt()


def sqrt_beta(schedule, t):
    return schedule.beta(t).sqrt()


def walk(
    x_0,
    schedule,
    noises,
    keep=sqrt_alpha,
    add=sqrt_beta,
    times=None,
    from_start=False,
    one_noise=False,
):
    x_t = x_0
    for t in times or range(1, schedule.time_steps + 1):
        x = x_0 if from_start else x_t
        noise = noises[0] if one_noise else noises[t - 1]
        x_t = keep(schedule, t) * x + add(schedule, t) * noise
        yield x_t


def jumps(x_0, schedule, noises):
    return [q_sample(x_0, t, schedule, noises[t - 1]) for t in range(1, schedule.time_steps + 1)]


def in_place(x_0, schedule, noises):
    x_t = x_0.clone()
    for t in range(1, schedule.time_steps + 1):
        x_t *= sqrt_alpha(schedule, t)
        x_t += sqrt_beta(schedule, t) * noises[t - 1]
        yield x_t


def alpha(schedule, t):
    return schedule.alpha(t)


def beta(schedule, t):
    return schedule.beta(t)


FORWARD_CHAIN = {
    "Correct": walk,
    "gave back x_0 as well": lambda x, s, e: [x, *walk(x, s, e)],
    "last step is missing": lambda x, s, e: walk(x, s, e, times=range(1, s.time_steps)),
    "gave back x_0 … x_{T−1}": lambda x, s, e: [x, *walk(x, s, e)][:-1],
    "only the end": lambda x, s, e: list(walk(x, s, e))[-1:],
    "x_T itself": lambda x, s, e: list(walk(x, s, e))[-1],
    "returned after the first step": lambda x, s, e: next(walk(x, s, e)),
    "one and the same tensor": in_place,
    "Every step starts from x_0": lambda x, s, e: walk(x, s, e, from_start=True),
    "same noise in every step": lambda x, s, e: walk(x, s, e, one_noise=True),
    "from T down to 1": lambda x, s, e: walk(x, s, e, times=range(s.time_steps, 0, -1)),
    "a jump from x_0": jumps,
    "scaled the noise by β_t": lambda x, s, e: walk(x, s, e, add=beta),
    "left √α_t out": lambda x, s, e: walk(x, s, e, keep=lambda s, t: 1),
    "kept α_t of the picture": lambda x, s, e: walk(x, s, e, keep=alpha),
    "left out both square roots": lambda x, s, e: walk(x, s, e, alpha, beta),
    "factors are swapped": lambda x, s, e: walk(x, s, e, sqrt_beta, sqrt_alpha),
}

# ------------------------------------------------------------------ lesson 2: signal_left

SIGNAL_LEFT = {
    "Correct": lambda s, t: s.signal_rate(t),
    "product of the α": lambda s, t: s.alpha_bar(t),
    "multiplied all T factors": lambda s, t: s.signal_rate(s.time_steps),
    "One factor too few": lambda s, t: s.signal_rate(t - 1),
    "One factor too many": lambda s, t: s.signal_rate(t + 1),
    "first factor is missing": lambda s, t: s.alphas[1:t].prod().sqrt(),
    "α_2 to α_{t+1}": lambda s, t: s.alphas[1 : t + 1].prod().sqrt(),
    "factor of step t alone": lambda s, t: s.alpha(t).sqrt(),
    "added the factors": lambda s, t: s.alphas[:t].sqrt().sum(),
    "how much noise": lambda s, t: s.noise_rate(t),
}

EXERCISES = {
    checks.forward_step: FORWARD_STEP,
    checks.beta_for_spread: BETA_FOR_SPREAD,
    checks.forward_chain: FORWARD_CHAIN,
    checks.signal_left: SIGNAL_LEFT,
}
FUNCTIONS = [check for check, answers in EXERCISES.items() if callable(answers["Correct"])]


def said(capsys, check, attempt):
    """The one line that the check prints."""
    check(attempt)
    text = capsys.readouterr().out
    assert text.endswith("\n") and text.count("\n") == 1
    return text.strip()


@pytest.mark.parametrize(
    ("check", "words"),
    [(check, words) for check, answers in EXERCISES.items() for words in answers],
)
def test_each_answer_gets_its_own_message(capsys, check, words):
    answer = EXERCISES[check][words]
    line = said(capsys, check, answer)
    assert words in line
    assert [other for other in EXERCISES[check] if other in line] == [words]


@pytest.mark.parametrize("check", EXERCISES)
def test_every_message_of_a_check_is_tested(monkeypatch, check):
    messages = []
    for judge in ("_check_tensor", "_check_number"):
        monkeypatch.setattr(
            checks, judge, lambda *arguments, right, mistakes: messages.extend(mistakes)
        )
    check(None)
    assert messages
    for message in messages:
        assert any(words in message for words in EXERCISES[check]), f"no test for: {message}"


@pytest.mark.parametrize("check", EXERCISES)
@pytest.mark.parametrize("nothing", [None, ...])
def test_nothing_is_not_attempted(capsys, check, nothing):
    assert said(capsys, check, nothing) == checks.NOT_ATTEMPTED
    if check in FUNCTIONS:
        assert said(capsys, check, lambda *arguments: nothing) == checks.NOT_ATTEMPTED


@pytest.mark.parametrize("check", FUNCTIONS)
def test_an_exception_is_reported_in_a_sentence(capsys, check):
    line = said(capsys, check, lambda *arguments: 1 / 0)
    assert line == "Your code raised ZeroDivisionError: division by zero"
    line = said(capsys, check, lambda: None)
    assert line.startswith("Your code raised TypeError: ")


@pytest.mark.parametrize("check", [checks.forward_step, checks.forward_chain])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.zeros(3), "torch tensor of real numbers, not ndarray"),
        (0.5, "torch tensor of real numbers, not float"),
        ("x_t", "torch tensor of real numbers, not str"),
        (torch.zeros(3, dtype=torch.complex64), "not torch.complex64"),
        (torch.zeros(7, 7), r"The shape should be"),
        ((torch.zeros(3), torch.zeros(4)), "Give back"),
        ([torch.zeros(3), "x"], "Give back tensors of one shape"),
    ],
)
def test_learners_accidents_get_a_sentence(capsys, check, answer, words):
    assert words in said(capsys, check, lambda *arguments: answer)


def test_wrong_numbers_in_the_right_shape(capsys):
    assert "differ from the formula" in said(capsys, checks.forward_step, lambda x, b, e: 7 * x)
    line = said(capsys, checks.forward_chain, lambda x, s, e: [7 * x] * 5)
    assert "differ from the formula" in line


def test_an_empty_chain_and_an_endless_one(capsys):
    assert "Nothing came out" in said(capsys, checks.forward_chain, lambda x, s, e: iter(()))

    def endless(x, s, e):
        while True:
            yield x

    assert "The shape should be (5, 2, 3)" in said(capsys, checks.forward_chain, endless)


def test_a_tuple_is_as_good_as_a_list(capsys):
    assert said(capsys, checks.forward_chain, lambda x, s, e: tuple(walk(x, s, e))) == "Correct."


def test_an_index_off_by_one_is_named(capsys):
    line = said(capsys, checks.forward_chain, lambda x, s, e: [e[t] for t in range(1, 6)])
    assert line == (
        "Your code raised IndexError: noises[0] is ε_1, so that step t takes noises[t − 1]."
    )


def test_noise_of_ones_own_is_noticed(capsys):
    def own_noise(x_prev, beta, noise):
        return math.sqrt(1 - beta) * x_prev + math.sqrt(beta) * torch.randn(x_prev.shape)

    assert "Use the noise that you are given" in said(capsys, checks.forward_step, own_noise)


def test_a_rough_answer_of_the_right_kind(capsys):
    line = said(capsys, checks.signal_left, lambda s, t: 1 - s.betas[:t].sum())
    assert line.startswith("Not yet: the answer is larger")
    line = said(capsys, checks.signal_left, lambda s, t: s.alphas[:t].sqrt())
    assert line == "Give one number, not 3. Is a .prod() missing?"


def test_a_list_that_is_used_up_is_no_mistake(capsys):
    def popping(x_0, schedule, noises):
        for t in range(1, schedule.time_steps + 1):
            x_0 = sqrt_alpha(schedule, t) * x_0 + sqrt_beta(schedule, t) * noises.pop(0)
            yield x_0

    assert said(capsys, checks.forward_chain, popping) == "Correct."


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_precision_is_right(capsys, dtype):
    def rounded(*given):
        return step(KEEP, ADD)(*given).to(dtype)

    assert said(capsys, checks.forward_step, rounded) == "Correct."


@pytest.mark.parametrize(
    "odd", [torch.zeros(3, 4, 4).to_sparse(), torch.zeros(3, 4, 4, device="meta")]
)
def test_odd_tensors_raise_nothing(capsys, odd):
    assert said(capsys, checks.forward_step, lambda *given: odd)


def test_even_a_broken_exception_is_reported(capsys):
    class Broken(Exception):
        def __str__(self):
            raise ValueError

    def attempt(*given):
        raise Broken

    assert said(capsys, checks.forward_step, attempt) == "Your code raised Broken"


def test_a_changed_input_is_noticed(capsys):
    def in_place(x_prev, beta, noise):
        return x_prev.mul_(math.sqrt(1 - beta)).add_(math.sqrt(beta) * noise)

    assert "changed your input in place" in said(capsys, checks.forward_step, in_place)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0.3, "the answer is smaller"),
        (0.2, "the answer is larger"),
        (torch.tensor(0.25), "Correct"),
        (np.float32(0.25), "Correct"),
        ("0.25", "Give a number, not str"),
        (True, "Give a number, not bool"),
        (torch.zeros(3), "Give one number, not 3"),
        (1j, "Give a number, not complex"),
        (10**400, "raised OverflowError"),
    ],
)
def test_numbers(capsys, number, words):
    assert words in said(capsys, checks.beta_for_spread, number)
