"""Words out of what people wrote: small words left out, each in its plain form, synonyms merged by hand."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

from engine.complaints import Where, nearest
from engine.errors import InputError, printable

LONGEST = 40  # letters of a word; longer ones are no words
JOINTS = "'\N{RIGHT SINGLE QUOTATION MARK}-"  # stand inside a word
KEYS = ("merge", "drop", "keep")


@dataclass(frozen=True, slots=True)
class Wordbook:
    """How words are read.

    language : two or three letters, as simplemma has them
    merge : a word and the one that stands for it; drop : words that say nothing here; keep : small words that do
    All of them in plain form, in small letters.
    """

    language: str = "en"
    merge: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    drop: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        from simplemma import lemmatize

        try:
            lemmatize("a", lang=self.language)
        except ValueError:
            raise InputError(
                f"--language {self.language}: not known; give one such as {', '.join(LANGUAGES)}"
            ) from None

    def words(self, text: str) -> tuple[str, ...]:
        """The words of a description, each once, in their order."""
        small = stop_words(self.language) - self.keep | self.drop
        found: dict[str, None] = {}
        for token in tokens(text):
            plain = self._plain(token)
            word = self.merge.get(plain, plain)
            if not {token, plain, word} & small:
                found[word] = None
        return tuple(found)

    def _plain(self, token: str) -> str:
        """The plain form; a word that is merged as it stands has none."""
        from simplemma import lemmatize

        return token if token in self.merge else lemmatize(token, lang=self.language, greedy=True).lower()

    @classmethod
    def load(cls, path: Path | None, language: str = "en") -> "Wordbook":
        """From a TOML: `drop = [...]`, `keep = [...]`, a table `[merge]` of `crimson = "red"`. InputError by line."""
        if path is None:
            return cls(language)
        try:
            text = path.read_text("utf-8")
            table = tomllib.loads(text)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); name a .toml that is there") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: is no TOML ({printable(str(error))})") from None
        where = Where(path, text)
        _check(where, table)
        lists = {key: frozenset(word.lower() for word in table.get(key, [])) for key in ("drop", "keep")}
        merge = {word.lower(): to.lower() for word, to in table.get("merge", {}).items()}
        return cls(language, MappingProxyType({word: _end(where, merge, word) for word in merge}), **lists)


LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pl", "pt", "sv")


def tokens(text: str) -> Iterator[str]:
    """The words of a text as they stand there, in small letters; numbers and marks are none."""
    from simplemma import simple_tokenizer

    for token in simple_tokenizer(text):
        word = token.lower().strip(JOINTS)
        if 0 < len(word) <= LONGEST and all(c.isalpha() or c in JOINTS for c in word):
            yield word


@cache
def stop_words(language: str) -> frozenset[str]:
    """Words that say nothing by themselves; none for a language that we have no list of: give `drop`."""
    path = Path(__file__).with_name("stop_words.toml")
    lists: dict[str, str] = tomllib.loads(path.read_text("utf-8"))
    return frozenset(lists.get(language, "").split())


def _check(where: Where, table: Mapping[str, object]) -> None:
    for key, value in table.items():
        if key not in KEYS:
            hint = nearest(key, KEYS) or f"; allowed: {', '.join(KEYS)}"
            raise InputError(f'{where(key)}: unknown key "{printable(key)}"{hint}')
        is_merge = key == "merge"
        words = list(value.values()) if is_merge and isinstance(value, dict) else None if is_merge else value
        if not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
            kind = 'a table of lines such as crimson = "red"' if is_merge else 'a list such as ["picture", "image"]'
            raise InputError(f"{where(key)}: {key} is not {kind}")


def _end(where: Where, merge: Mapping[str, str], word: str) -> str:
    """Where a chain of merges ends."""
    seen = [word]
    while (to := merge.get(seen[-1])) is not None and to != seen[-1]:
        if to in seen:
            raise InputError(f"{where('merge', word)}: {' = '.join([*seen, to])} goes in a circle; take one line out")
        seen.append(to)
    return seen[-1]
