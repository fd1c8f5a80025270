"""Small MLT documents for tests."""

from pathlib import Path

from engine.studio.journey.kdenlive.read import read
from engine.studio.journey.timeline import Timeline

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
SIZE = 64


def document(body: str, fps: str = "25/1", attributes: str = 'LC_NUMERIC="C" version="7.12.0" root=""') -> str:
    """A document of 64 x 64."""
    num, den = fps.split("/")
    return (
        f'{HEAD}<mlt {attributes}>\n<profile width="{SIZE}" height="{SIZE}" progressive="1" sample_aspect_num="1"'
        f' sample_aspect_den="1" display_aspect_num="1" display_aspect_den="1" frame_rate_num="{num}"'
        f' frame_rate_den="{den}" colorspace="709"/>\n{body}\n</mlt>\n'
    )


def properties(**values: object) -> str:
    """Properties; `_` of a name is a colon where it begins with kdenlive."""
    return "".join(
        f'<property name="{name.replace("kdenlive_", "kdenlive:", 1) if name != "kdenlive_id" else name}">{value}</property>'
        for name, value in values.items()
    )


def producer(id: str = "p", file: str = "n.mp4", length: int | str = 200, inside: str = "", **more: object) -> str:
    """A file in the manner of 1.04."""
    values = {"resource": file, "mlt_service": "avformat", "length": length, **more}
    return f'<producer id="{id}">{properties(**values)}{inside}</producer>\n'


def entry(first: object, last: object, of: str = "p", inside: str = "") -> str:
    return f'<entry producer="{of}" in="{first}" out="{last}">{inside}</entry>'


def blank(length: object) -> str:
    return f'<blank length="{length}"/>'


def transition(first: object, last: object, a: int, b: int, service: str = "luma", **more: object) -> str:
    values = {"a_track": a, "b_track": b, "mlt_service": service, **more}
    return f'<transition in="{first}" out="{last}">{properties(**values)}</transition>'


def track(name: str, a: str = "", b: str = "", inside: str = "", hide: str = "audio") -> str:
    """A track as Kdenlive writes it: two playlists and a tractor of them."""
    return (
        f'<playlist id="{name}a">{a}</playlist><playlist id="{name}b">{b}</playlist>\n<tractor id="{name}">'
        f'<track hide="{hide}" producer="{name}a"/><track hide="{hide}" producer="{name}b"/>{inside}</tractor>\n'
    )


BLACK = (
    '<producer id="black_track" in="0" out="500"><property name="length">2147483647</property><property name="eof">'
    'continue</property><property name="resource">black</property><property name="mlt_service">color</property>'
    '<property name="mlt_image_format">rgba</property></producer>\n'
)


def sequence(*names: str, inside: str = "", id: str = "main", more: str = "") -> str:
    """A tractor of tracks over black; the automatic compositing of each track."""
    tracks = "".join(f'<track producer="{name}"/>' for name in names)
    ours = "".join(
        f"<transition>{properties(a_track=0, b_track=i + 1, mlt_service='frei0r.cairoblend', internal_added=237, always_active=1)}</transition>"
        for i in range(len(names))
    )
    return f'<tractor id="{id}"{more}><track producer="black_track"/>{tracks}{inside}{ours}</tractor>\n'


def project(*tracks: str, inside: str = "", producers: str | None = None, names: tuple[str, ...] = ()) -> str:
    """The body of a project of 1.04: each track a text of `track`, named t0, t1 ..."""
    names = names or tuple(f"t{i}" for i in range(len(tracks)))
    return (producer() if producers is None else producers) + BLACK + "".join(tracks) + sequence(*names, inside=inside)


def timeline(folder: Path, body: str, name: str = "x.kdenlive", **options: str) -> Timeline:
    """What the reader makes of a document."""
    path = folder / name
    path.write_text(document(body, **options), "utf-8")
    return read(path)
