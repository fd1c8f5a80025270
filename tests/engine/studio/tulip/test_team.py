"""Several threads teach one network what one would."""

import pytest
import torch
from torch import nn

from engine.studio.tulip.team import Team


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 2))


def mean_square(net: nn.Module, part: torch.Tensor) -> torch.Tensor:
    return net(part).square().mean()  # type: ignore[no-any-return]


ROWS = torch.randn(12, 5, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_gradients_and_loss_are_those_of_the_whole_batch_in_one_network(workers: int) -> None:
    one, shared = net(), net()
    whole = mean_square(one, ROWS)
    whole.backward()  # type: ignore[no-untyped-call]
    team: Team[nn.Sequential] = Team(shared, workers)
    try:
        value = team.gradients(mean_square, ROWS.chunk(workers))
    finally:
        team.close()
    assert value == pytest.approx(float(whole.detach()), rel=1e-6)
    for mine, theirs in zip(shared.parameters(), one.parameters(), strict=True):
        assert mine.grad is not None and torch.allclose(mine.grad, theirs.grad, atol=1e-7)  # type: ignore[arg-type]


def test_a_step_of_the_first_is_a_step_of_all() -> None:
    shared = net()
    team: Team[nn.Sequential] = Team(shared, 3)
    adam = torch.optim.Adam(shared.parameters(), 1e-3)
    try:
        losses = []
        for _ in range(5):
            losses.append(team.gradients(mean_square, ROWS.chunk(3)))
            adam.step()
        outputs = [replica(ROWS) for replica in team.nets]
    finally:
        team.close()
    assert all(torch.equal(output, outputs[0]) for output in outputs)
    assert losses == sorted(losses, reverse=True)


def test_gradients_do_not_add_up_from_step_to_step() -> None:
    team: Team[nn.Sequential] = Team(net(), 2)
    try:
        team.gradients(mean_square, ROWS.chunk(2))
        first = [p.grad.clone() for p in team.nets[0].parameters() if p.grad is not None]
        team.gradients(mean_square, ROWS.chunk(2))
    finally:
        team.close()
    assert all(torch.equal(a, p.grad) for a, p in zip(first, team.nets[0].parameters(), strict=True))  # type: ignore[arg-type]


def test_weights_that_a_loss_does_not_use_get_no_gradient() -> None:
    shared = nn.ModuleList([nn.Linear(5, 2), nn.Linear(5, 2)])
    team: Team[nn.ModuleList] = Team(shared, 2)
    try:
        team.gradients(lambda net, part: net[0](part).sum(), ROWS.chunk(2))
    finally:
        team.close()
    assert shared[0].weight.grad is not None and shared[1].weight.grad is None


def test_an_error_in_one_part_is_told() -> None:
    def failing(net: nn.Module, part: torch.Tensor) -> torch.Tensor:
        raise ValueError("no such part")

    team: Team[nn.Sequential] = Team(net(), 2)
    try:
        with pytest.raises(ValueError, match="no such part"):
            team.gradients(failing, ROWS.chunk(2))
    finally:
        team.close()
