"""What is often handed over in place of a checkpoint, told by its first bytes and answered with what to do."""

from engine.generator.foreign.refusal import RefusedError

_AGAIN = "download the file itself (on a page of files use its download link)"
_UNPACK = "unpack it first and convert what is inside"
_OTHERS = (
    (b"version https://git-lfs", "it is a git-lfs pointer, not the file it points at", "run `git lfs pull`"),
    (b"\x1f\x8b", "it is packed with gzip", _UNPACK),
    (b"BZh", "it is packed with bzip2", _UNPACK),
    (b"\xfd7zXZ\0", "it is packed with xz", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive", _UNPACK),
    (b"Rar!", "it is a rar archive", _UNPACK),
    (b"\x89HDF\r\n", "it is an HDF5 file", "convert PyTorch or TensorFlow .pkl checkpoints"),
    (b"\x89PNG", "it is a picture", "give the checkpoint that drew it"),
    (b"\xff\xd8\xff", "it is a picture", "give the checkpoint that drew it"),
    (b"\x93NUMPY", "it is a numpy array", "latents go to --z or --w"),
    (b"PK\5\6", "it is an empty zip archive", _AGAIN),
)


def check_kind(data: memoryview) -> None:
    """RefusedError when the first bytes are those of something that is known to be no checkpoint."""
    head = bytes(data[:512])
    if not head:
        raise RefusedError("it is empty", remedy=_AGAIN)
    for start, what, remedy in _OTHERS:
        if head.startswith(start):
            raise RefusedError(what, remedy=remedy)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")):
        raise RefusedError("it is a web page, not a checkpoint", remedy=_AGAIN)
    if head[257:262] == b"ustar":
        raise RefusedError("it is a tar archive", remedy=_UNPACK)
    if head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") < len(data):
        raise RefusedError("it is a safetensors file already", remedy="play it as it is: --model FILE.safetensors")
    if text.startswith((b'{"', b"{\n", b"{\r", b"{ ")) and b"\0" not in head:
        raise RefusedError("it is a text of JSON", remedy="give the file of weights that lies beside it")
