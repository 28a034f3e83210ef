"""`make lab` opens copies of the lessons, and never overwrites what the learner has changed."""

import copy_lessons
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "notebooks").mkdir()
    write(tmp_path / "notebooks" / "01.ipynb", "1 + 1")
    return tmp_path / "notebooks", tmp_path / "work"


def write(path, source):
    output = new_output("execute_result", {"text/plain": "2"}, execution_count=1)
    nbformat.write(new_notebook(cells=[new_code_cell(source, outputs=[output])]), path)


def read(work):
    return nbformat.read(work / "01.ipynb", as_version=4).cells[0]


def test_a_copy_has_no_outputs_and_follows_the_lesson_until_it_is_touched(folders, capsys):
    lessons, work = folders
    copy_lessons.copy_lessons(lessons, work)
    assert read(work).source == "1 + 1" and read(work).outputs == []
    write(lessons / "01.ipynb", "1 + 2")
    copy_lessons.copy_lessons(lessons, work)
    assert read(work).source == "1 + 2"
    copy_lessons.copy_lessons(lessons, work)
    assert capsys.readouterr().out.count("\n") == 1  # of the newer lesson


def test_what_the_learner_changed_stays(folders, capsys):
    lessons, work = folders
    copy_lessons.copy_lessons(lessons, work)
    write(work / "01.ipynb", "my answer")
    copy_lessons.copy_lessons(lessons, work)
    assert capsys.readouterr().out == ""  # nothing is new
    write(lessons / "01.ipynb", "1 + 2")
    for _ in range(2):
        copy_lessons.copy_lessons(lessons, work)
        assert read(work).source == "my answer"
        assert "01.ipynb: there is a newer one" in capsys.readouterr().out
    (work / "01.ipynb").unlink()
    copy_lessons.copy_lessons(lessons, work)
    assert read(work).source == "1 + 2"


def test_a_file_that_was_there_before_is_the_learners(folders):
    lessons, work = folders
    work.mkdir()
    write(work / "01.ipynb", "mine")
    copy_lessons.copy_lessons(lessons, work)
    assert read(work).source == "mine"
