"""Laws of the keys and of the panel that explains them."""

from engine.stage.keys import BY_NAME, KEYS
from engine.stage.overlay import draw_panel, help_rows


def test_every_key_has_one_action() -> None:
    assert len(BY_NAME) == len(KEYS)
    assert all(key.action.startswith("/") and key.how in ("toggle", "event", "stage") for key in KEYS)
    assert {"f", "b", "z", "space", "n", "m", "p", "h", "f1", "s", "l", "t", "escape"} == set(BY_NAME)


def test_the_panel_holds_all_its_text() -> None:
    small, large = draw_panel(help_rows(), 12), draw_panel(help_rows(), 30)
    assert large.shape[0] > small.shape[0] and large.shape[1] > small.shape[1]
    assert small.shape[2] == 4
    for edge in (small[0], small[-1], small[:, 0], small[:, -1]):
        assert (edge[:, :3].max(axis=0) < 60).all(), "text touches the border"
    assert small[:, :, :3].max() > 200


def test_a_line_without_a_key_has_one_column() -> None:
    assert draw_panel([("", "x" * 10)], 12).shape[1] < draw_panel([("key", "x" * 10)], 12).shape[1]
