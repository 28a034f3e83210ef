"""Break what draws in the page in many ways, to see that a test notices each. Run: make mutants

The changes are a table, made by hand: each is a mistake that somebody could make. A tool for
JavaScript, such as Stryker, finds changes by itself, but wants a node project that has its tests in
JavaScript; ours compare the page with Python. Each change is made in a copy, in build/mutants_page,
and what no test notices must have its reason in the table.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
COPY = ROOT / "build" / "mutants_page"
WIDGETS = "diffusion/teaching/widgets"

DRAWING = "tests/browser/test_drawing.py"
RATES = "tests/browser/test_rates.py"
ANSWERS = "tests/browser/test_answers.py"
SPECTRUM = "tests/browser/test_spectrum.py"
PEN = "tests/browser/test_pen.py"
LEAK = "tests/browser/test_leak_game.py"
SAMPLER = "tests/browser/test_sampler.py"
LAB = "tests/browser/test_hostile.py"  # in JupyterLab, which takes longer


class Change(NamedTuple):
    file: str
    old: str  # occurs once in the file
    new: str
    test: str = DRAWING
    reason: str = ""  # why no test can notice


CHANGES = [
    # pictures
    Change("image.js", "(65536 - A)) + 32768;", "(65536 - A));"),
    Change("image.js", "const B = whole(127.5", "const B = whole(128.5"),
    Change("image.js", "Math.min(Math.max(factor, -most), most)", "factor"),
    Change("image.js", "i + (channels === 1 ? 0 : 2)", "i + (channels === 1 ? 0 : 1)"),
    Change("image.js", "let i = places[t] * size", "let i = t * size"),
    Change("image.js", "view.x_0 ? signal_rates[t] : 0", "signal_rates[t]"),
    Change(
        "strip.js",
        "Math.round((axis.last * i) / gaps)",
        "Math.floor((axis.last * i) / gaps)",
    ),
    Change(
        "strip.js",
        "(right - left) * t) / axis.last",
        "(right - left) * (t + 1)) / axis.last",
    ),
    Change("strip.js", "Math.round((t / axis.last)", "Math.floor((t / axis.last)"),
    # clouds
    Change("points.js", "size / 2 - scale * y", "size / 2 + scale * y"),
    Change(
        "points.js",
        "signal_rates[t] * x_0[i] + noise_rates[t]",
        "noise_rates[t] * x_0[i] + signal_rates[t]",
    ),
    Change("points.js", "/ 2047", "/ 4095"),
    Change("points.js", "of [1, 2])", "of [1, 3])"),
    Change("points.js", "let k = 0; k <= t; k++", "let k = 0; k <= axis.last; k++"),
    Change("points.js", "const weight = i === 0", "const weight = i >= 0"),
    Change(
        "points.js", "lineTo(x(k, point), y(k, point))", "lineTo(x(k, trails[0]), y(k, trails[0]))"
    ),
    # a scatter with a slit
    Change("scatter.js", "- centres[t]) <= width / 2)", "- centres[t]) <= width)"),
    Change("scatter.js", "[-width / 2, width / 2]", "[-width, width]"),
    Change("scatter.js", "frame.sy(pairs[2 * i + 1])", "frame.sy(pairs[2 * i])"),
    Change("chart.js", "rotate(-90)", ""),
    Change("common.js", "|\\{[^{}]+\\}", ""),
    Change("bars.js", "(v - rise)", "(v + rise)"),
    Change("bars.js", "/ 6; // in", "/ 2; // in"),
    Change("bars.js", "law.subarray(t * bins", "law.subarray(bins"),
    # charts
    Change("chart.js", "left + ((v - x[0])", "left + ((v + 1 - x[0])"),
    Change("chart.js", "{ x: sx(v), y: bottom + 14", "{ x: sx(v) + 9, y: bottom + 14"),
    Change("chart.js", "y: sy(v) + 4", "y: sy(v) - 9"),
    Change("curves.js", "translate(${frame.sx(t)},0)", "translate(${frame.sx(t + 1)},0)"),
    Change("curves.js", "frame.sy(values[t])", "frame.sy(values[Math.max(0, t - 1)])"),
    Change("curves.js", "    point(until);\n", ""),
    Change("curves.js", "trace(t);", "trace(Math.max(0, t - 1));"),
    Change("curves.js", '? "L" : "M"', '? "L" : "L"'),
    Change("bars.js", "heights[t * bins + i]", "heights[t * bins + bins - 1 - i]"),
    Change("bars.js", "(-v * v) / 2", "-v * v"),
    Change("bars.js", "of [-1, 1])", "of [-2, 2])"),
    # the timeline
    Change("timeline.js", "(100 * rates[t]) / top", "100 * rates[t]"),
    Change("timeline.js", "terms[1], noise_rates)", "terms[1], signal_rates)"),
    Change("timeline.js", "write(node, text(t))", "write(node, text(Math.max(0, t - 1)))"),
    Change("timeline.js", "Math.max(label(0), label(last)) || ", ""),
    Change("common.js", "const REST = 110;", "const REST = 0;"),
    Change("common.js", "mend(model.get(name), model)", "model.get(name)"),
    Change("common.js", "performance.now() - told < CROSSING", "false", LAB),
    Change("explorer.js", "time_steps: steps,", "time_steps: (T) => T,"),
    Change("common.js", "    forgetWhenClosed(model);\n", "", LAB),
    Change("common.js", "          model.set(name, null, { silent: true });\n", "", LAB),
    # the explorer
    Change("rates.js", "(10 / Math.LN10)", "(20 / Math.LN10)"),
    Change("explorer.js", "Math.round(along * T)", "Math.min(position(), T)"),
    Change("explorer.js", "rate <= ENOUGH", "rate > ENOUGH"),
    Change(
        "explorer.js",
        "const DDPM = ratesOf(linspace(1e-4, 0.02, 1000))",
        "const DDPM = ratesOf(linspace(1e-4, 0.02, 999))",
    ),
    Change("explorer.js", "!(value > 0 && value < 1)", "!(value > 0 && value <= 1)"),
    Change("explorer.js", "return refuse(`${names[i]}", "refuse(`${names[i]}"),
    Change("explorer.js", "(trait) => trait in shapes.get(shape)", "() => true"),
    Change("explorer.js", ", ...shapes.get(choice.value)", ""),
    Change("common.js", "choices.includes(value) ? value : choices[0]", "value"),
    Change("explorer.js", "return refuse(`T", "refuse(`T"),
    Change("explorer.js", "      shown.refresh();\n", ""),
    Change("strip.js", "({ paint }) => paint()", "() => {}"),
    Change("rates.js", "Math.log1p(-beta)", "Math.log1p(beta)", RATES),
    Change("rates.js", "Math.log1p(-beta)", "Math.log(1 - beta)", RATES),
    Change("rates.js", "Math.sqrt(-Math.expm1(log))", "Math.sqrt(1 - Math.exp(log))", RATES),
    Change("rates.js", "(last - first) / (count - 1)", "(last - first) / count", RATES),
    Change(
        "rates.js",
        "count * (log_variance + alpha_bar)",
        "count * (log_variance - alpha_bar)",
        RATES,
    ),
    Change("rates.js", "alpha_bar < 0.5 ? Math.log1p(-alpha_bar) : ", "", RATES),
    Change("rates.js", "left ? (left - alpha_bar) / left : most", "1 - alpha_bar / left", RATES),
    Change("rates.js", "Math.max(alpha_bar, left * (1 - most))", "alpha_bar", RATES),
    Change("rates.js", "    left = Math.min(", "    left = Math.max(", RATES),
    Change("rates.js", "first / (first - last))) ** 2", "first / (first - last)))", RATES),
    Change("rates.js", "map((root) => root ** 2)", "map((root) => root)", RATES),
    # a schedule that is drawn
    Change("drawn.js", "Math.max(rate * rate, FLOOR)", "rate * rate", PEN),
    Change("drawn.js", "Math.min(most, wanted)", "Math.min(aim, wanted)", PEN),
    Change("drawn.js", "Math.min(least, rate)", "rate", PEN),
    Change("drawn.js", "Math.abs(log_snrs[t]) <= WINDOW", "log_snrs[t] <= WINDOW", PEN),
    Change("drawn.js", "cut(t - 1) - cut(t)", "log_snrs[t - 1] - log_snrs[t]", PEN),
    Change("drawing.js", "    scrub.refresh();\n", "", PEN),
    Change("drawing.js", "    scrub.sketching.put(drawn);\n", "", PEN),
    Change("drawing.js", "aim * (1 + 1e-9)", "aim", PEN),
    Change("drawing.js", "value.every(exists)", "true", PEN),
    Change("sketch.js", "event.shiftKey ? 100 : 20", "20", PEN),
    Change("curves.js", "frame.plot.prepend(pad.line);", "", PEN),
    # the lab and the game
    Change(
        "bug_lab.js", 'if (model.get("choice") !== bug) put();', "if (bug === undefined) put();"
    ),
    Change("guess.js", "(t - 1) / (last - 1)", "t / last"),
    # black or mid-grey?
    Change("chance.js", "(s[2] >>> 11)", "(s[2] >>> 12)", LEAK),
    Change("leak.js", "place * 65536 + n", "n", LEAK),
    Change("leak.js", "random() < 0.5", "random() < 0.48", LEAK),
    Change("chance.js", "2 * Math.PI * random()", "Math.PI * random()", LEAK),
    Change("chance.js", "length * Math.sin(angle)", "length * Math.cos(angle)", LEAK),
    Change("leak.js", "sum / count", "sum / (count + 1)", LEAK),
    Change("leak.js", "Math.sqrt(3 * n * n)", "n", LEAK),
    Change("leak.js", "mean < -signal / 2", "mean < -signal", LEAK),
    Change("leak.js", "Math.min(x, 9)", "Math.min(x, 4)", LEAK),
    Change("leak.js", "127.5 * x + 127.5", "127.5 * x + 128", LEAK),
    Change(
        "leak.js", "drawMarks(answers.slice(start, over", "drawMarks(answers.slice(0, over", LEAK
    ),
    Change("leak.js", "    if (isOver()) return;\n", "", LEAK),
    Change("leak.js", "    next.focus({ preventScroll: true });", "", LEAK),
    Change("leak.js", " || event.target === select", "", LEAK),
    Change("leak.js", "played && played % rounds === 0 ? played - 1 : played", "played", LEAK),
    Change("leak.js", "canvas.ariaLabel = `x_T,", "canvas.ariaLabel = `x_T, ${truth.was}", LEAK),
    # sampling
    Change("denoise.js", "log_snrs[t] / 6", "log_snrs[t]", SAMPLER),
    Change("denoise.js", "1 + Math.exp(-y[j])", "1 + Math.exp(y[j])", SAMPLER),
    Change("denoise.js", "if (k < last)", "if (k <= last)", SAMPLER),
    Change("denoise.js", "weight[k + n + i]", "weight[k + i]", SAMPLER),
    Change("denoise.js", "(signal * width) ** 2 +", "", SAMPLER),
    Change("denoise.js", "/ (2 * variance)", "/ variance", SAMPLER),
    Change("denoise.js", "beta / noise_rates[t];", "beta;", SAMPLER),
    Change("denoise.js", "* noise_rates[t - 1]) / noise_rates[t]", ")", SAMPLER),
    Change("denoise.js", "/ Math.sqrt(1 - beta)", "", SAMPLER),
    Change("denoise.js", "if (t > 1) x[i]", "x[i]", SAMPLER),
    Change("denoise.js", "    list.sort();\n", "", SAMPLER),
    Change("denoise.js", "centres[k + 1] + width", "centres[k] + width", SAMPLER),
    Change("sampler.js", 'chance(now.draw, "steps")', 'chance(now.draw, "noise")', SAMPLER),
    Change("sampler.js", "sfc32(seed, draw,", "sfc32(0, draw,", SAMPLER),
    Change("sampler.js", " && performance.now() < until", "", SAMPLER),
    Change("sampler.js", "isStill() ? 0 : done", "done", SAMPLER),
    Change("sampler.js", "    cancelAnimationFrame(pending);\n    pending = null;", "", SAMPLER),
    Change("sampler.js", " else if (now.draw !== before.draw) shown.stop();", "", SAMPLER),
    Change("sampler.js", "    distances.fill(NaN);\n", "", SAMPLER),
    Change("sampler.js", 'stood === model.get("position") && ', "", SAMPLER),
    Change("sampler.js", "change({ position: Math.round", "void ({ position: Math.round", SAMPLER),
    Change("sampler.js", "position: 0, draw: setting()", "draw: setting()", SAMPLER),
    Change("points.js", "* unit :", ":", SAMPLER),
    # questions
    Change("asking.js", "root.classList.toggle(sketching ?", "void (sketching ?", ANSWERS),
    Change("asking.js", "pin / axis.last", "pin / (axis.last + 1)", ANSWERS),
    Change("asking.js", "[...new Set([", "[...new Array([", ANSWERS),
    Change(
        "asking.js",
        "mathematics(status, says(shown));\n      }\n      if",
        "write(status, says(shown));\n      }\n      if",
        ANSWERS,
    ),
    Change(
        "asking.js",
        "remember(model, ask, ANSWER);",
        "",
        ANSWERS,
        "the site remembers by question.js",
    ),
    Change(
        "sketch.js", "for (let k = a + 1; k < b; k++)", "for (let k = a + 2; k < b; k++)", ANSWERS
    ),
    Change("sketch.js", "limit(low + up * (high - low))", "limit(low + up * high * 0.9)", ANSWERS),
    Change("sketch.js", "values.fill(values[drawn[0]], 0, drawn[0])", "values", ANSWERS),
    Change("sketch.js", "values[Math.round((last * i) / (POINTS - 1))]", "values[0]", ANSWERS),
    Change("question.js", "answered(el, model, name", "void (el, model, name", ANSWERS),
    Change("question.js", "  remember(model, name,", "  void (model, name,", ANSWERS),
    Change("question.js", "<= reach", "< 0", ANSWERS),
    Change("bug_lab.js", "[bug]: lamps", "[0]: lamps", ANSWERS),
    Change("bug_lab.js", "alarm === Boolean(vote[k])", "alarm !== Boolean(vote[k])", ANSWERS),
    # spectra
    Change(
        "fft.js",
        "(-Math.PI * (row % half))",
        "(Math.PI * (row % half))",
        SPECTRUM,
        "then it is the inverse, and the inverse the transform: of a real picture the same",
    ),
    Change("fft.js", "    transpose(im);\n", "", SPECTRUM),
    Change("above_noise.js", "n - i);", "n - i - 1);", SPECTRUM),
    Change("above_noise.js", "[[0, 1], [2, 3]]", "[[0, 1], [1, 2]]", SPECTRUM),
    Change("above_noise.js", "count === shown", "count >= shown && shown >= 0", SPECTRUM),
    Change("spectrum.js", "2 * a * b * powers.cross[f]", "a * b * powers.cross[f]", SPECTRUM),
    Change("spectrum.js", "kept.lastIndexOf(1)", "(kept.indexOf(0) - 1)", SPECTRUM),
    Change("spectrum.js", "at(i + 1, power)", "at(i, power)", SPECTRUM),
    Change("spectrum.js", "[picture, shade]", "[picture]", SPECTRUM),
]


def main() -> int:
    start = time.monotonic()
    shutil.rmtree(COPY, ignore_errors=True)
    made = shutil.ignore_patterns("_build", "node_modules", "__pycache__")
    for folder in ("diffusion", "tests", "tools", "notebooks", "data", "docs"):
        shutil.copytree(ROOT / folder, COPY / folder, ignore=made)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, COPY)

    wanted = set(sys.argv[1:])  # files to change, or tests; by default all
    changes = [c for c in CHANGES if not wanted or wanted & {c.file, c.test}]
    for test in sorted({change.test for change in changes}):
        if fails(test):
            print(f"{test} fails before anything is changed.")
            return 1

    wrong = 0
    for change in changes:
        file = COPY / WIDGETS / change.file
        text = file.read_text("utf-8")
        if text.count(change.old) != 1:
            print(f"{change.file} does not have this once: {change.old}")
            wrong += 1
            continue
        file.write_text(text.replace(change.old, change.new), "utf-8")
        noticed = fails(change.test)
        file.write_text(text, "utf-8")
        if noticed and change.reason:
            print(f"This has a reason in the table, but {change.test} notices it:")
        elif not noticed and not change.reason:
            print(f"{change.test} does not notice this in {change.file}:")
        else:
            continue
        print(f"- {change.old.strip()}\n+ {change.new.strip()}")
        wrong += 1
    print(f"{len(changes)} changes, {wrong} to see to; {time.monotonic() - start:.0f} s.")
    return 1 if wrong else 0


def fails(test: str) -> bool:
    environment = os.environ | {"PYTHONPATH": str(COPY), "REQUIRE_BROWSER": "1"}
    options = ["-x", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, test]
    run = subprocess.run(command, cwd=COPY, env=environment, capture_output=True, text=True)
    if run.returncode not in (0, 1):  # not a failed test, but none that ran
        raise RuntimeError(run.stdout + run.stderr)
    return run.returncode == 1


if __name__ == "__main__":
    sys.exit(main())
