"""Final Cut Pro 7 XML (`.xml`, xmeml): what Premiere and Resolve export, read through OpenTimelineIO's adapter.

The adapter drops what is in nested sequences, leaves speeds to others, and takes numbers on trust: the XML is checked
and set right before it, the timeline that it makes after it. Apple: Final Cut Pro XML Interchange Format.
"""

from engine.studio.journey.fcp7.read import read

__all__ = ["read"]
