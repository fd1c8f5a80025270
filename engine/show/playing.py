"""Which show plays: publishes it, follows its file, and warms a generator for it beside the present one."""

from collections.abc import Callable

from engine.preset import Show, same_generator, show_names
from engine.shared import Board
from engine.show.loading import Loaded, Loader, changed_ns
from engine.show.session import Session
from engine.supervisor import Child, Supervisor, end

REMEMBERED = 8  # published shows that a generator may still be playing


class Playing:
    """The show of a session as its processes should play it. `generation` goes up with every change."""

    def __init__(self, session: Session, supervisor: Supervisor, show: Show, tell: Callable[[str], None]) -> None:
        self._session, self._supervisor, self._tell = session, supervisor, tell
        self._shows: dict[int, Show] = {}  # the last few, by generation
        self._spare: Child | None = None
        self._coming: Loaded | None = None  # what the spare is being warmed for
        self._loader = Loader()
        self._asked = ""  # the show that is being read, by name
        self._revision = 0
        self.adopted = -1  # the generator that took over from another last
        self._publish(show, changed_ns(show.path))

    def _publish(self, show: Show, mtime_ns: int) -> None:
        self.show = show
        self._mtime_ns = mtime_ns
        for line in show.told:
            self._tell(line)
        self.generation = self._session.publish(show)
        self._shows[self.generation] = show
        self._shows.pop(self.generation - REMEMBERED, None)

    def _play(self, loaded: Loaded) -> None:
        """Play this: at once on the present generator, or as soon as one that can draw it has been warmed beside it.

        Until then everything plays on as it is. What was being warmed before is let go.
        """
        assert loaded.show is not None
        if self._spare is not None:
            self._drop(self._spare)
        drawn = self._drawn()
        if drawn is None or same_generator(drawn, loaded.show):
            self._tell(loaded.told)
            self._publish(loaded.show, loaded.mtime_ns)
            self.follow_script()
            return
        self._tell(f"{loaded.show.name}: getting {loaded.show.info.name} ready")
        self._coming = loaded
        self._spare = self._supervisor.spare("generator", self._session.announce(loaded.show))

    def follow_script(self) -> None:
        """A show with a script has a process for it; a show without has none."""
        child = self._supervisor.children.get("script")
        if self.show.script is not None and child is None:
            self._supervisor.start("script")
        elif self.show.script is None and child is not None:
            end(self._supervisor.children.pop("script"))
            self._session.board.row("script")[Board.PID] = 0  # it is not missed: nobody waits for its heartbeat

    def select(self, number: int) -> None:
        """Play the show of this number, from 1, in the order of `next`."""
        names = self._order()
        if 1 <= number <= len(names):
            self.change(names[number - 1])

    def step(self, by: int) -> None:
        """Play the next show, or the one before."""
        names = self._order()
        if names:
            coming = self._coming.show.name if self._coming and self._coming.show else self.show.name
            present = self._asked or coming
            here = names.index(present) if present in names else min(-by, 0)
            self.change(names[(here + by) % len(names)])

    def _order(self) -> list[str]:
        """What the show lists, else all shows that are beside it."""
        return list(self.show.table.next) or show_names(self.show.path)

    def change(self, name: str) -> None:
        """Play another show as soon as it is read. One that does not hold together leaves the present one playing."""
        folder = self.show.folder.parent / name
        self._asked = name
        self._loader.ask(folder if (folder / "show.toml").is_file() else name, self.show.options)

    def reload(self, revision: int) -> None:
        """Swap in a saved show.toml once it is read; a broken one keeps the last good show and says why.

        revision : goes up when a saved effect changed what can be played on it
        """
        mtime_ns = changed_ns(self.show.path)
        if mtime_ns in (0, self._mtime_ns) and revision == self._revision:
            return
        self._mtime_ns, self._revision = mtime_ns or self._mtime_ns, revision
        self._asked = ""
        self._loader.ask(self.show.path, self.show.options, saved=True)

    def take(self) -> None:
        """Play the show that was asked for, when it has been read. Costs nothing while there is none."""
        for line in self._loader.news():
            self._tell(line)
        loaded = self._loader.take()
        if loaded is None:
            return
        self._asked = ""
        if loaded.show is None:
            self._tell(loaded.why)
            return
        self._play(loaded)

    def look(self, now_s: float) -> None:
        """Warm a generator where the present one cannot draw the show; take it when it draws, give up when it fails."""
        spare = self._spare
        drawn = self._drawn()
        if spare is None:
            if drawn is not None and not same_generator(drawn, self.show):  # it changed while that one was starting
                self._spare = self._supervisor.spare("generator", self.generation)
        elif (self._session.folder / f"frames-{spare.incarnation}").exists() and (
            self._session.board.row("generator", spare.incarnation)[Board.WORK] > 0
        ):
            self._take_over(spare)
        elif why := self._supervisor.fault(spare, now_s):
            self._tell(f"the new generator failed ({why}); the former one plays on")
            wanted = self._coming
            self._drop(spare)
            if wanted is None and drawn is not None:
                self._play(Loaded(drawn, mtime_ns=changed_ns(self.show.path)))

    def _take_over(self, spare: Child) -> None:
        """The spare draws: from now on it is the generator, and its show is the one that plays."""
        self._supervisor.adopt(spare)
        coming, self._coming, self._spare, self.adopted = self._coming, None, None, spare.incarnation
        if coming is not None and coming.show is not None:
            self._tell(coming.told)
            self._publish(coming.show, coming.mtime_ns)
            self.follow_script()

    @property
    def warming(self) -> bool:
        """True while a second generator gets ready."""
        return self._spare is not None

    def _drop(self, spare: Child) -> None:
        self._supervisor.let_go(spare)
        self._spare = self._coming = None
        self._supervisor.spares.pop("generator", None)

    def _drawn(self) -> Show | None:
        """The show that the present generator says it plays; None while it does not say."""
        child = self._supervisor.children["generator"]
        row = self._session.board.row("generator", child.incarnation)
        return self._shows.get(int(row[Board.GENERATION]))
