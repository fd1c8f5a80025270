"""A training that is stopped, killed or refused leaves what it had; one that goes on ends as if it never stopped."""

import json
import math
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import InputError
from engine.studio.tulip import checkpoint
from engine.studio.tulip.data import teacher
from engine.studio.tulip.losses import map_loss
from engine.studio.tulip.polish import Polished
from engine.studio.tulip.student import Student
from engine.studio.tulip.train import AVERAGE, LOG, PALETTE, STATE, Plan, Training
from tests.engine.studio.tulip.small import PLAN, files_of_at_most, moments, renderings, same, trained


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_training_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path, workers: int) -> None:
    plan = replace(PLAN, workers=workers)
    whole = trained(tmp_path / "whole", plan)
    for steps in (1, 2, 1):  # before its last level is trained, and after
        trained(tmp_path / "stopped", plan, steps)
    rest = trained(tmp_path / "stopped", plan)
    assert rest.done and rest.progress.steps == whole.progress.steps == 6
    assert rest.progress.starts == 4 and whole.progress.starts == 1
    assert same(rest.student.state_dict(), whole.student.state_dict())
    assert same(rest.average.state_dict(), whole.average.state_dict())
    one, other = (checkpoint.load(tmp_path / name / STATE, {})[0] for name in ("whole", "stopped"))
    assert one.keys() == other.keys() == {"net", "average", "m", "v", "steps"}
    assert all(same(one[group], other[group]) for group in one)


def test_what_it_learns_makes_the_loss_less(tmp_path: Path) -> None:
    training = trained(tmp_path, replace(PLAN, samples=160, rate=1e-2))  # most of it is warming up
    x, truth = (
        torch.from_numpy(renderings().x),
        torch.from_numpy(renderings().maps[..., ::8, ::8, :]).permute(0, 3, 1, 2),
    )

    def missed(net: Student) -> float:
        with torch.no_grad():
            return float(map_loss(net.synthesis(net.w(x)), truth))

    assert missed(training.student) < 0.9 * missed(Student(PLAN.seed, PLAN.channels))


def test_the_average_follows_the_weights_slowly(tmp_path: Path) -> None:
    training = Training(tmp_path, renderings(), replace(PLAN, samples=12))
    wanted = {name: p.clone() for name, p in training.average.named_parameters()}
    for steps in (1, 2, 3):
        training.run(lambda moment: None, _once())
        assert training.progress.steps == steps
        kept = min(AVERAGE, (1 + steps) / (10 + steps))
        for name, p in training.student.named_parameters():
            wanted[name] = wanted[name] * kept + p.detach() * (1 - kept)
    for name, p in training.average.named_parameters():
        assert torch.allclose(p, wanted[name], atol=1e-6), name


def _once() -> Any:
    asked = iter([False, False])
    return lambda: next(asked, True)


def test_what_is_told_is_how_far_it_is(tmp_path: Path) -> None:
    told = moments(Training(tmp_path, renderings(), replace(PLAN, save_s=0)))
    assert [moment.samples for moment in told] == [4, 8, 12, 16, 20, 24, 24]
    assert all(moment.of == 24 and math.isfinite(moment.loss) and moment.saved for moment in told)
    assert [row["samples"] for row in rows(tmp_path)] == [4, 8, 12, 16, 20, 24, 24]
    assert moments(Training(tmp_path, renderings(), PLAN)) == []  # nothing is left to do, nor to save


def test_a_line_of_the_log_that_was_cut_does_not_spoil_the_next(tmp_path: Path) -> None:
    trained(tmp_path, steps=1)
    with (tmp_path / LOG).open("a") as log:
        log.write('{"samples": 8, "lo')
    trained(tmp_path)
    lines = (tmp_path / LOG).read_text().splitlines()
    assert json.loads(lines[0])["samples"] == 4 and json.loads(lines[-1])["samples"] == 24 and len(lines) == 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": 4}, "was trained with another seed: 3; now 4"),
        ({"channels": (8, 32, 12)}, "does not fit this network"),
        ({"channels": (8, 32, 8, 8)}, "does not fit this network"),
    ],
)
def test_a_state_of_another_plan_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    trained(tmp_path, steps=1)
    with pytest.raises(InputError, match=f"{STATE} {said}.*remove the file"):
        Training(tmp_path, renderings(), replace(PLAN, **changed))


def test_a_state_of_another_teacher_is_refused(tmp_path: Path) -> None:
    trained(tmp_path, steps=1)
    groups, progress = checkpoint.load(tmp_path / STATE, {})
    checkpoint.save(tmp_path / STATE, groups, progress, {"teacher": "0123456789abcdef", "seed": PLAN.seed})
    with pytest.raises(InputError, match=f"another teacher: '0123456789abcdef'; now '{teacher()}'"):
        Training(tmp_path, renderings(), PLAN)


@pytest.mark.parametrize("group", ["net", "average", "v"])
def test_a_state_without_one_of_its_parts_is_refused(tmp_path: Path, group: str) -> None:
    trained(tmp_path, steps=1)
    groups, progress = checkpoint.load(tmp_path / STATE, {})
    del groups[group]
    checkpoint.save(tmp_path / STATE, groups, progress, {"teacher": teacher(), "seed": PLAN.seed})
    with pytest.raises(InputError, match=f"{STATE} does not fit this network: '{group}'"):
        Training(tmp_path, renderings(), PLAN)


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("polish/before", torch.zeros(3), r"polish/before has shape \(3,\), and has to have \(11,\)"),
        ("polish/after", torch.zeros(11, 1), "polish/after has shape"),
        ("steps/synthesis.const", torch.ones(2), "steps/synthesis.const is no number of steps"),
        ("steps/synthesis.const", torch.tensor(-1.0), "steps/synthesis.const is no number of steps"),
        ("v/synthesis.const", torch.full((1, 8, 4, 4), -1e-6), "v/synthesis.const holds squares below 0"),
    ],
)
def test_a_state_that_would_spoil_what_follows_is_refused(
    tmp_path: Path, name: str, wrong: torch.Tensor, said: str
) -> None:
    trained(tmp_path, steps=1)
    groups, progress = checkpoint.load(tmp_path / STATE, {})
    groups["polish"] = {"before": torch.zeros(11), "after": torch.zeros(11)}
    group, _, rest = name.partition("/")
    groups[group][rest] = wrong
    checkpoint.save(tmp_path / STATE, groups, progress, {"teacher": teacher(), "seed": PLAN.seed})
    with pytest.raises(InputError, match=f"{STATE} does not fit this network: {said}.*remove the file"):
        Training(tmp_path, renderings(), PLAN)


def test_more_samples_asked_for_later_do_not_lose_the_last_level(tmp_path: Path) -> None:
    last = "synthesis.b16.conv1.weight"
    few = trained(tmp_path, steps=2).student.state_dict()[last].clone()
    many = replace(PLAN, samples=10_000)
    assert not torch.equal(trained(tmp_path, many, 1).student.state_dict()[last], few)
    assert torch.equal(
        trained(tmp_path / "new", many, 1).student.state_dict()[last],
        Student(PLAN.seed, PLAN.channels).state_dict()[last],
    )


ABSURD = [
    ({"samples": 0}, "--samples 0: give 1 to"), ({"samples": 10**12}, "--samples 1000000000000"),
    ({"batch": 0}, "--batch 0"), ({"batch": 100_000}, "--batch 100000"), ({"workers": -1}, "--threads -1"),
    ({"batch": 16, "workers": 3}, "a batch of 16 cannot be shared out among 3 threads: give a --batch"),
    ({"rate": 0.0}, "--rate 0:"), ({"rate": math.nan}, "--rate nan:"), ({"rate": 2.0}, "--rate 2:"),
    ({"seed": -1}, "--seed -1:"), ({"seed": 2**32}, "--seed 4294967296:"), ({"save_s": 900.0}, "--save 900:"),
    ({"save_s": math.nan}, "--save nan:"), ({"channels": (8, 32)}, r"channels \(8, 32\)"),
    ({"channels": (32,) * 6}, "give 3 to 5 of 1 to 4096"), ({"channels": (0, 32, 8)}, "give 3 to 5"),
    ({"channels": (8, 31, 8)}, "the second of them at least 32"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "said"), ABSURD, ids=lambda x: str(x)[:40])
def test_absurd_numbers_are_refused_by_name(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Plan(**wrong)


def test_a_training_that_diverges_says_so_and_saves_nothing_of_it(tmp_path: Path) -> None:
    training = trained(tmp_path, steps=2)
    with torch.no_grad():
        training.student.synthesis.const.fill_(math.nan)
    with pytest.raises(InputError, match="diverged at step 2.*Lower --rate"):
        training.run(lambda moment: None)
    assert Training(tmp_path, renderings(), PLAN).progress.steps == 2


def test_a_full_disk_ends_it_with_a_word_and_the_last_state_is_whole(tmp_path: Path) -> None:
    trained(tmp_path, steps=2)
    size = (tmp_path / STATE).stat().st_size
    with files_of_at_most(size // 2), pytest.raises(InputError, match=f"{STATE} cannot be written: .*Make room"):
        trained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {STATE, LOG}
    whole = trained(tmp_path / "whole")
    assert same(trained(tmp_path).student.state_dict(), whole.student.state_dict())


def test_a_log_that_cannot_be_written_is_said_and_the_state_is_saved(tmp_path: Path) -> None:
    (tmp_path / LOG).mkdir()
    with pytest.raises(InputError, match=f"{LOG} cannot be written"):
        trained(tmp_path)
    assert checkpoint.load(tmp_path / STATE, {})[1].samples == 24


def test_a_polished_palette_is_what_ships_and_is_let_go_by_more_training(tmp_path: Path) -> None:
    training = trained(tmp_path, steps=3)
    own = {name: t.clone() for name, t in training.average.state_dict().items()}
    palette = {name: torch.ones_like(t) for name, t in own.items() if name.startswith(PALETTE)}
    assert len(palette) == 4
    training.polish(Polished(palette, torch.full((11,), 0.04), torch.full((11,), 0.01)))
    groups, _ = checkpoint.load(tmp_path / STATE, {})
    assert same(groups["average"], own | palette)
    resumed = Training(tmp_path, renderings(), PLAN)
    assert resumed.polished is not None and same(dict(resumed.polished.palette), palette)
    assert float(resumed.polished.before.mean()) == pytest.approx(0.04)
    assert same(resumed.shipped(), own | palette) and same(resumed.average.state_dict(), own)
    resumed.run(lambda moment: None)
    whole = trained(tmp_path / "whole")
    assert resumed.polished is None and same(resumed.shipped(), whole.shipped())
    assert checkpoint.load(tmp_path / STATE, {})[0].keys() == {"net", "average", "m", "v", "steps"}


SAVING = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.engine.studio.tulip.small import PLAN, renderings, Training
training = Training(Path(sys.argv[1]), renderings(), replace(PLAN, samples=10**6, save_s=0))
training.run(lambda moment: print(moment.samples, flush=True))
"""


def test_a_kill_at_any_instant_leaves_a_whole_state_no_older_than_the_last_save(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", SAVING, str(tmp_path)], stdout=pipe, text=True) as process:
        assert process.stdout is not None
        for _ in range(3):
            least = int(process.stdout.readline())
        time.sleep(random.uniform(0, 0.1))  # any instant: of a step, of a save
        process.send_signal(signal.SIGKILL)
        told = process.stdout.read().split("\n")
    least = max([least, *(int(line) for line in told[:-1])])
    progress = Training(tmp_path, renderings(), PLAN).progress
    assert progress.samples >= least and progress.samples == 4 * progress.steps
