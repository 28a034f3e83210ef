"""The game of guessing t, on the Python side: what is sent, how it is played from a cell."""

import pytest
import torch
import traitlets

from diffusion.teaching.widgets import GuessGame


def picture(rounds=3, channels=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rounds, channels, 4, 6, generator=generator)


def game(**changes):
    given = {
        "x_0": picture().clamp(-1, 1),
        "x_t": picture(seed=1),
        "t": torch.tensor([300, 20, 1000]),
        "estimates": torch.tensor([310, 20, 900]),
        "names": ["cat", "cup", "star"],
    }
    return GuessGame(**given | changes)


def test_a_game_from_beginning_to_end():
    it = game()
    assert repr(it) == "game of 3 rounds, t in 1 … 1000: 0 played so far"
    first = "Round 1 of 3: t was 300. You said 250, 50 off; the likelihood said 310, 10 off."
    assert it.play(250) == first
    assert (it.round, it.guesses, it.means) == (0, [250], (50.0, 10.0))
    second = "Round 2 of 3: t was 20. You said 21, 1 off; the likelihood said 20, exactly right."
    assert it.play(21) == second
    assert it.play(1000).startswith("Round 3 of 3: t was 1000. You said 1000, exactly right;")
    assert (it.round, it.guesses) == (2, [250, 21, 1000])
    assert it.means == pytest.approx((17.0, 110 / 3))
    assert repr(it).endswith("3 played so far")
    with pytest.raises(ValueError, match=r"all 3 rounds have been played; `restart\(\)`"):
        it.play(1)
    it.restart()
    assert (it.round, it.guesses) == (0, []) and it.play(250) == first


@pytest.mark.parametrize("guess", [0, 1001, 2.5, "300", None, True])
def test_a_guess_off_the_axis_is_refused(guess):
    it = game()
    with pytest.raises(ValueError, match="a guess must be an integer in 1 … 1000, not "):
        it.play(guess)
    assert it.guesses == []


@pytest.mark.parametrize(
    ("guesses", "words"),
    [
        ([0], "a guess must be in 1 … 1000, not 0"),
        ([10**9], "a guess must be in 1 … 1000, not 1000000000"),
        ([True], "a guess must be in 1 … 1000, not True"),
        ([1, 2, 3, 4], "one answer per round, 3 at most, not 4"),
        ([float("nan")], "expected an int, not the float nan"),
        (["7"], "expected an int, not the str '7'"),
        (None, "expected a list, not the NoneType None"),
    ],
)
def test_guesses_that_cannot_be_are_refused(guesses, words):
    it = game()
    it.play(250)
    with pytest.raises(traitlets.TraitError, match=words):
        it.guesses = guesses
    assert it.guesses == [250] and it.play(21).startswith("Round 2 of 3")
    with pytest.raises(traitlets.TraitError, match="round must be in 0 … 2, not 3"):
        it.round = 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"x_0": picture()[0]}, r"the shape \(rounds, 3, H, W\) or .* not \(3, 4, 6\)"),
        ({"x_0": picture(channels=2)}, r"not \(3, 2, 4, 6\)"),
        ({"x_0": picture(0), "x_t": picture(0)}, r"not \(0, 3, 4, 6\)"),
        ({"x_t": picture(2)}, r"x_t must have the shape of x_0, \(3, 3, 4, 6\), not \(2, "),
        ({"t": torch.tensor([1, 2])}, "t must hold one integer per picture, 3 in all"),
        ({"estimates": torch.ones(3)}, "estimates must hold one integer per picture"),
        ({"t": torch.tensor([0, 1, 2])}, "t must be in 1 … 1000"),
        ({"last": 999}, "t must be in 1 … 999"),
        ({"names": ["cat"]}, "there are 3 pictures but 1 names"),
    ],
)
def test_nonsense_gets_a_sentence(changes, words):
    with pytest.raises(ValueError, match=words):
        game(**changes)


def test_no_mean_before_the_first_guess():
    with pytest.raises(ValueError, match="no round has been played yet"):
        _ = game().means


def test_the_fallback_shows_the_pictures_and_keeps_the_secret():
    data, _ = game()._repr_mimebundle_()
    assert data["text/plain"] == "game of 3 rounds, t in 1 … 1000: 0 played so far"
    assert "cat, cup, star: each noised" in data["text/html"]
    assert "300" not in data["text/html"].split("src=")[0]
