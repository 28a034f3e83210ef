"""A question, to be answered before the answer is shown: `ask("name of the question")`."""

import tomllib
from math import isfinite
from pathlib import Path

import traitlets

from diffusion.teaching.widgets.widget import PageWidget, page_code

QUESTIONS = Path(__file__).parents[1] / "questions.toml"
QUIZ = QUESTIONS.with_name("quiz.toml")


def ask(name: str) -> "Question":
    """The question of this name in questions.toml or quiz.toml, where its answers are out of sight.

    Raises:
        ValueError: neither has a question of this name.
    """
    files = QUIZ, QUESTIONS
    questions = {key: q for f in files for key, q in tomllib.loads(f.read_text("utf-8")).items()}
    if name not in questions:
        raise ValueError(f"there is no question {name!r} in {QUESTIONS.name} or {QUIZ.name}.")
    return Question(name, **questions[name])


class Question(PageWidget):
    """Answers to choose from, or a field for a number; then what is right, and why.

    Args:
        name: under which a page may remember the learner's answer.
        right: the right answer: one of those in `said`, or a number.
        said: what is said of each answer once it has been given, {answer: a sentence}. In a
            question for a number the answers are numbers, as text.
        within: how far a number may be from `right`, or from one in `said`, to count as that.
        unit: what follows a number.

    Attributes:
        given: the learner's answer, as text; empty before it is given, and where it was skipped.
        shown: whether the right answer is shown.

    Raises:
        ValueError: the right answer is none of those to choose from, or an answer to a question for
            a number is none.
    """

    _esm = page_code("common.js", "question.js")

    given = traitlets.Unicode("").tag(sync=True, echo_update=False)
    shown = traitlets.Bool(False).tag(sync=True, echo_update=False)

    def __init__(
        self,
        name: str,
        right: str | float,
        said: dict[str, str],
        within: float = 0.0,
        unit: str = "",
    ):
        self.right, self._said, self._number = right, said, not isinstance(right, str)
        if self._number and not all(map(_is_number, said)):
            raise ValueError(f"the answers to {name!r} must be numbers, as {right} is.")
        if not self._number and right not in said:
            raise ValueError(f"the right answer {right!r} is none of those to {name!r}.")
        spec = {"name": name, "right": right, "said": list(said.items())}
        super().__init__(spec=spec | {"within": within, "unit": unit, "types": []})

    @traitlets.validate("given")
    def _check_given(self, proposal):
        given = proposal["value"]
        if given and not (_is_number(given) if self._number else given in self._said):
            kind = "a number" if self._number else f"one of {', '.join(self._said)}"
            raise traitlets.TraitError(f"the answer must be {kind}, not {given!r}.")
        return given

    def still(self) -> None:
        """Nothing: a question has no picture."""

    def __repr__(self) -> str:
        return f"question: {'a number?' if self._number else ' / '.join(self._said)}"


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
