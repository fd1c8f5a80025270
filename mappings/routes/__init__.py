"""Signals -> controls: routes are checked once into a flat plan and applied as one straight line."""

from mappings.routes.plan import Plan
from mappings.routes.route import Outcome, Route, Trace

__all__ = ["Outcome", "Plan", "Route", "Trace"]
