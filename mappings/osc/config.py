"""The keys of `[sources.osc]`, checked before anything is opened."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from mappings.osc.udp import Peer
from mappings.sources.base import SourceConfig


def _ip(text: str) -> str:
    if text == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(
            f'"{text}" is no IP address; write 127.0.0.1 for this machine alone, 0.0.0.0 for every network it is on, '
            "or the address of one of its interfaces"
        ) from None


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ValueError(f'"{text}" is no IP address or network; write "192.168.1.20" or "192.168.1.0/24"') from None


def _peer(text: str) -> str:
    ip, _, port = text.rpartition(":")
    try:
        if not 0 < int(port) < 65536:
            raise ValueError
        return f"{_ip(ip.strip('[]'))}:{int(port)}"
    except ValueError:
        raise ValueError(f'"{text}" is no reply address; write IP:PORT, such as "192.168.1.20:9001"') from None


class OscConfig(SourceConfig):
    """The keys of `[sources.osc]`."""

    host: Annotated[str, AfterValidator(_ip)] = "127.0.0.1"
    port: int = Field(default=9000, ge=0, le=65535)  # 0: any that is free
    tcp: bool = False
    tcp_port: int | None = Field(default=None, ge=0, le=65535)  # without it, the number of `port`
    reply: Annotated[str, AfterValidator(_peer)] | None = None
    allow: tuple[Annotated[str, AfterValidator(_network)], ...] = ()  # empty: everyone who can reach `host`
    stale_s: float | None = Field(default=None, gt=0)  # silence after which the state is STALE

    @model_validator(mode="after")
    def _no_echo(self) -> "OscConfig":
        """A reply to our own port would come back as a hand's move, for ever."""
        if self.reply_peer is not None and self.reply_peer.port == self.port:
            here = {self.host, "127.0.0.1", "::1"} if self.any_interface else {self.host}
            if self.reply_peer.ip in here:
                raise ValueError(f'reply "{self.reply}" is where this source listens; reply to the device\'s own port')
        return self

    @property
    def any_interface(self) -> bool:
        """Whether every network may send."""
        return ipaddress.ip_address(self.host).is_unspecified

    @property
    def reply_peer(self) -> Peer | None:
        """The reply address in parts."""
        if self.reply is None:
            return None
        ip, _, port = self.reply.rpartition(":")
        return Peer(ip, int(port))
