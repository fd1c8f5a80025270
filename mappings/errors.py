"""Every error `mappings` raises on purpose.

    MappingError
    |-- RouteError (ValueError)      a route, shape or expression that cannot be planned
    |-- TakeError (ValueError)       a take that cannot be read
    |-- PosesError (ValueError)      a file of demonstrated poses that cannot be read
    |-- FeedError (ValueError)       a market or sound file that cannot be read
    `-- SourceError (OSError)        a device, port or library that is not there

Texts say where (file:line), what was given, what is allowed and what to do.
"""


class MappingError(Exception):
    """The root of the tree."""


class RouteError(MappingError, ValueError):
    """A route, shape or expression that cannot be planned."""


class TakeError(MappingError, ValueError):
    """A take that cannot be read."""


class PosesError(MappingError, ValueError):
    """A file of demonstrated poses that cannot be read."""


class FeedError(MappingError, ValueError):
    """A market or sound file that cannot be read."""


class SourceError(MappingError, OSError):
    """A device, port or library that is not there."""
