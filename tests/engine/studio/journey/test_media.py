"""Media are found inside of the folders alone, and only where they are certain."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.latent.sequence_file import Facts
from engine.studio.journey import folders, media
from engine.studio.journey.folders import Folders, base_name
from engine.studio.journey.media import find
from engine.studio.journey.pair import kdenlive_digest, with_proxy
from engine.studio.journey.source import Source
from engine.studio.journey.timeline import Media, Timeline
from tests.engine.studio.journey.made import FPS, write_pair, write_proxied, write_still, write_video


def sources(root: Path, *media: Media | str, by_name: bool = False, more: tuple[Path, ...] = ()) -> list[Source]:
    given = tuple(Media(m) if isinstance(m, str) else m for m in media)
    found = find(Timeline(FPS, given), range(len(given)), (root, *more), by_name)
    return [found[i] for i in range(len(given))]


def test_a_pair_is_found_by_its_name_anywhere_below(tmp_path: Path) -> None:
    (tmp_path / "clips" / "old").mkdir(parents=True)
    pair = write_pair(tmp_path / "clips" / "old" / "a", 5)
    (found,) = sources(tmp_path, "/somewhere/else/a.mp4")
    assert found.pair.path == pair.path.resolve()
    assert found.rate == 1 and not found.still


def test_a_pair_in_another_folder_is_found_once_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    write_pair(tmp_path / "a", 5)
    with pytest.raises(InputError, match=r"media a\.mp4: not in .*project; give the folder .* --media DIR"):
        sources(tmp_path / "project", "../a.mp4")
    assert len(sources(tmp_path / "project", "../a.mp4", more=(tmp_path,))) == 1


def test_a_digest_finds_the_pair_whatever_its_name(tmp_path: Path) -> None:
    write_proxied(tmp_path / "a", 5, 10, seed=1)
    b = write_proxied(tmp_path / "b", 5, 90, seed=2)
    (found,) = sources(tmp_path, Media("a.mp4", b.facts.digest))
    assert found.pair.path.name == "b.npy"
    assert found.told == ("a.mp4: found under another name, b.npy",)


def test_a_digest_decides_between_files_of_one_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    write_proxied(tmp_path / "one" / "a", 5, 10, seed=1)
    two = write_proxied(tmp_path / "two" / "a", 5, 90, seed=2)
    with pytest.raises(InputError, match=r"media a\.mp4: .*one/a\.npy, .*two/a\.npy differ; take away or rename"):
        sources(tmp_path, "a.mp4")
    (found,) = sources(tmp_path, Media("a.mp4", two.facts.digest))
    assert found.pair.path == two.path.resolve() and found.told == ()


def test_copies_of_one_pair_are_one(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    write_pair(tmp_path / "a", 5, seed=1)
    write_pair(tmp_path / "copy" / "a", 5, seed=1)
    assert sources(tmp_path, "a.mp4")[0].pair.path == tmp_path.resolve() / "a.npy"


def test_a_proxy_that_was_drawn_again_is_refused_until_it_is_taken_by_name(tmp_path: Path) -> None:
    write_proxied(tmp_path / "a", 5)
    was = Media("a.mp4", "0" * 32)
    with pytest.raises(InputError, match=r"a\.npy: not the a\.mp4 .* drawn again.*--by-name"):
        sources(tmp_path, was)
    (found,) = sources(tmp_path, was, by_name=True)
    assert "taken by its name" in found.told[0]


def test_latents_in_another_folder_than_their_proxy_are_known_by_it(tmp_path: Path) -> None:
    pair = write_proxied(tmp_path / "a", 5)
    (tmp_path / "latents").mkdir()
    moved = pair.path.rename(tmp_path / "latents" / "a.npy")
    (found,) = sources(tmp_path, Media("a.mp4", pair.facts.digest))
    assert found.pair.path == moved.resolve()
    assert found.told[0] == f"a.mp4: its latents lie in another folder, {moved.resolve()}"
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(InputError, match=r"a\.npy: neither its \.json nor a\.mp4 lies beside it"):
        sources(tmp_path, Media("a.mp4", pair.facts.digest))
    assert sources(tmp_path, Media("a.mp4", pair.facts.digest), by_name=True)[0].pair.path == moved.resolve()


def test_a_proxy_elsewhere_vouches_for_no_other_pair_of_its_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one = write_proxied(tmp_path / "one" / "a", 5, 10, seed=1)
    write_proxied(tmp_path / "two" / "a", 5, 90, seed=2)
    one.path.unlink()
    one.path.with_suffix(".json").unlink()
    with pytest.raises(InputError, match=r"two/a\.npy: not the a\.mp4 that the project was edited with"):
        sources(tmp_path, Media("a.mp4", one.facts.digest))


def test_a_proxy_without_a_json_is_known_by_its_own_bytes(tmp_path: Path) -> None:
    pair = write_pair(tmp_path / "a", 5)
    video = write_video(tmp_path / "a.mp4", 5)
    pair.path.with_suffix(".json").unlink()
    (found,) = sources(tmp_path, Media("a.mp4", kdenlive_digest(video)))
    assert found.pair.facts.fps == FPS
    assert "no .json beside it" in found.told[0]


def test_a_video_without_latents_says_how_to_make_them(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", 2)
    with pytest.raises(InputError, match=r"no a\.npy beside it.*latenz journey sample -o a"):
        sources(tmp_path, "a.mp4")


def test_another_length_of_a_file_known_by_its_name_is_told(tmp_path: Path) -> None:
    write_pair(tmp_path / "a", 20)
    assert not sources(tmp_path, Media("a.mp4", frames=21))[0].told
    (found,) = sources(tmp_path, Media("a.mp4", frames=40))
    assert found.told[-1] == "a.mp4: 40 frames in the project, 20 in a.npy; is it the one you edited?"


def test_each_file_is_hashed_once_however_many_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []

    def counted(path: Path) -> str:
        hashed.append(path)
        return kdenlive_digest(path)

    monkeypatch.setattr(media, "kdenlive_digest", counted)
    write_proxied(tmp_path / "a", 5)
    with pytest.raises(InputError, match=r"media c7\.mp4"):
        sources(tmp_path, *(Media(f"c{i}.mp4", f"{i:032x}") for i in range(9)))
    assert len(hashed) == 1


def test_a_proxy_of_another_length_is_refused(tmp_path: Path) -> None:
    with_proxy(write_pair(tmp_path / "a", 5), write_video(tmp_path / "a.mp4", 4))
    with pytest.raises(InputError, match=r"a\.mp4: 4 frames, and a\.npy has 5"):
        sources(tmp_path, "a.mp4")


@pytest.mark.parametrize(
    "text", ["no video at all", "#EXTM3U\n#EXTINF:1,\nb.mp4\n", "ffconcat version 1.0\nfile b.mp4\n"]
)
def test_a_proxy_that_is_no_video_is_refused_and_no_list_followed(tmp_path: Path, text: str) -> None:
    write_pair(tmp_path / "a", 5)
    write_video(tmp_path / "b.mp4", 5)
    (tmp_path / "a.mp4").write_text(text)
    with pytest.raises(InputError, match=r"a\.mp4: not a video that can be read"):
        sources(tmp_path, "a.mp4")


def test_another_rate_is_scaled_and_told(tmp_path: Path) -> None:
    write_pair(tmp_path / "a", 5, facts=Facts(fps=Fraction(50)))
    (found,) = sources(tmp_path, "a.mp4")
    assert found.rate == 2
    assert found.told == ("a.npy: 50 frames a second in an edit of 25; scaled",)


def test_a_still_is_a_clip_of_one_latent(tmp_path: Path) -> None:
    write_pair(tmp_path / "a", 5, classes=4)
    write_still(tmp_path / "b.png", range(8), classes='{"2": 1.0}')
    a, b = sources(tmp_path, "a.mp4", Media("pictures/b.png", still=True))
    assert b.still and b.pair.rows.tolist() == [list(range(8))]
    assert b.pair.classes is not None and b.pair.classes.tolist() == [[0, 0, 1, 0]]
    assert a.pair.classes is not None and a.pair.classes.shape == (5, 4)


def test_a_picture_without_a_latent_is_refused(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (4, 4)).save(tmp_path / "b.png")
    with pytest.raises(InputError, match=r"b\.png: it holds no latent"):
        sources(tmp_path, "b.png")


@pytest.mark.parametrize("classes", ['{"-1": 1}', "[1]", '{"1": NaN}', '{"9999999": 1}', "{", '{"x": 1}', "[" * 9000])
def test_class_weights_of_a_still_that_nobody_wrote_are_refused(tmp_path: Path, classes: str) -> None:
    write_still(tmp_path / "b.png", range(8), classes=classes)
    with pytest.raises(InputError, match=r"b\.png: its class weights cannot be read"):
        sources(tmp_path, "b.png")


def test_sources_that_do_not_go_together_are_refused_by_their_names(tmp_path: Path) -> None:
    write_pair(tmp_path / "a", 5, facts=Facts(model="tulip", model_hash="aa"))
    write_pair(tmp_path / "b", 5, facts=Facts(model="silk", model_hash="bb"))
    write_pair(tmp_path / "w", 5, (3, 8))
    write_pair(tmp_path / "short", 5, (6,))
    write_pair(tmp_path / "classes", 5, classes=3)
    said = {
        "b": r"a\.npy and b\.npy are of different models, tulip \(aa\) and silk \(bb\)",
        "w": r"a\.npy holds z, w\.npy w; an edit holds one of them",
        "short": r"a\.npy and short\.npy: frames of shape \(8,\) and \(6,\)",
        "classes": r"weights of 0 and 3 classes",
    }
    for name, message in said.items():
        with pytest.raises(InputError, match=message):
            sources(tmp_path, "a.mp4", f"{name}.mp4")


def test_everything_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        sources(tmp_path, "a.mp4", "http://example.org/b.mp4", "c.mp4")
    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == [
        "media a.mp4",
        "media http",
        "media c.mp4",
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("http://example.org/a.mp4", "media http://example.org/a.mp4: an address, not a file"),
        ("https:a.mp4", "an address, not a file"),
        ("consumer:a.mp4", "media consumer:a.mp4: an address"),
        ("melt:../a.mlt", "an address"),
        ("concat:a.mp4|b.mp4", "an address"),
        ("a\0.mp4", "media a\\x00.mp4: no name of a file"),
        ("file:///x/%00.mp4", "no name of a file"),
        ("file:///..", "no name of a file"),
        ("a\n.mp4", "media a\\n.mp4: no name"),
        ("..", "no name of a file"),
        ("", "no name of a file"),
        ("folder/", "no name of a file"),
        ("x" * 300 + ".mp4", "a name of 304 bytes; files have at most 255"),
        ("\u00e9" * 200, "a name of 400 bytes"),
    ],
)
def test_what_names_no_file_is_refused_by_name(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        sources(tmp_path, name)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "name", ["/etc/a.mp4", "../../a.mp4", "C:\\films\\a.mp4", "file:///home/x%20y/a.mp4", "clips/../../a.mp4", "a.mp4"]
)
def test_only_the_last_part_of_a_path_is_believed(name: str) -> None:
    assert base_name(name) == "a.mp4"


@given(st.text(max_size=60) | st.sampled_from(["file:", "..", "/", "\\", "~", "a:b:c", "\ud800.mp4"]))
def test_a_name_is_one_part_or_refused(name: str) -> None:
    try:
        base = base_name(name)
    except InputError:
        return
    assert base not in ("", ".", "..") and not set(base) & set("/\\\0\n")


def test_a_path_of_the_project_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    write_pair(tmp_path / "secret", 5)
    for name in (str(tmp_path / "secret.mp4"), "../secret.mp4", f"file://{tmp_path}/secret.npy"):
        with pytest.raises(InputError, match=r"media secret\.\w+: not in"):
            sources(tmp_path / "inside", name)


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    out = write_pair(tmp_path / "a", 5).path
    (tmp_path / "inside" / "a.npy").symlink_to(out)
    with pytest.raises(InputError, match=r"inside/a\.npy: a link that leads out of"):
        sources(tmp_path / "inside", "a.mp4")
    (tmp_path / "inside" / "more").symlink_to(tmp_path)  # a folder: passed by
    (tmp_path / "inside" / "a.npy").unlink()
    with pytest.raises(InputError, match="not in"):
        sources(tmp_path / "inside", "a.mp4")


@pytest.mark.parametrize("suffix", [".json", ".classes.npy", ".mp4"])
def test_no_part_of_a_pair_may_lead_out(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "inside").mkdir()
    write_pair(tmp_path / "inside" / "a", 5)
    (tmp_path / f"other{suffix}").write_bytes(b"{}")
    part = tmp_path / "inside" / f"a{suffix}"
    part.unlink(missing_ok=True)
    part.symlink_to(tmp_path / f"other{suffix}")
    with pytest.raises(InputError, match="a link that leads out of"):
        sources(tmp_path / "inside", "a.mp4")


def test_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    pair = write_pair(tmp_path / "b", 5)
    (tmp_path / "a.npy").symlink_to(pair.path)
    assert sources(tmp_path, "a.mp4")[0].pair.path == pair.path.resolve()


def test_a_search_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path
    for _ in range(folders.MOST_DEEP + 1):
        deep = deep / "d"
    deep.mkdir(parents=True)
    write_pair(deep / "a", 2)
    assert Folders([tmp_path]).named("a.npy") == []
    assert Folders([deep.parent]).named("a.npy") == [(deep / "a.npy").resolve()]
    monkeypatch.setattr(folders, "MOST_ENTRIES", 5)
    with pytest.raises(InputError, match="more than 5 files to look through"):
        Folders([tmp_path])


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: no folder that can be read"):
        Folders([tmp_path / "nowhere"])


def test_hidden_files_are_passed_by(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    write_pair(tmp_path / ".cache" / "a", 2)
    assert Folders([tmp_path]).ending(".npy") == []


def test_numbers_that_are_no_sequence_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(4))
    with pytest.raises(InputError, match=r"a\.npy: .*a sequence is floats"):
        sources(tmp_path, replace(Media("a.mp4"), frames=4))
