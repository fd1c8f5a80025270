"""The console process: tells on a local port how the show is."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.shared import ROLES, Board
from engine.show.session import LATENCIES, STAGES, Session, parent_gone

HOST = "127.0.0.1"


def health(session: Session) -> dict[str, Any]:
    """How every process is, as plain data."""
    now_s = time.perf_counter()
    signals = session.read("status-signals.json") or {}
    processes = {}
    for role in ROLES:
        rows = [session.board.row(role, incarnation) for incarnation in (0, 1)]
        row = max(rows, key=lambda r: float(r[Board.BEAT]))
        if row[Board.PID] or role == "stage":
            processes[role] = {"pid": int(row[Board.PID]), "silent_s": round(max(0.0, now_s - row[Board.BEAT]), 3)}
    return {
        "ok": all(process["silent_s"] < 2.0 for process in processes.values()),
        "generation": session.generation,
        "processes": processes,
        "stages_ms": {name: session.meter.spread(name) for name in STAGES},
        "latency_ms": {name: session.meter.spread(name) for name in LATENCIES},
        "sources": signals.get("sources", {}),
        "dropped": signals.get("dropped", {}),
        "tempo": signals.get("tempo", {}),
        **({"demonstrate": signals["demonstrate"]} if "demonstrate" in signals else {}),
        "generator": session.read("status-generator.json") or {},
    }


def run(folder: Path, incarnation: int) -> None:
    """Serve `/health` on the loopback interface until the session stops."""
    session = Session(folder)
    asyncio.run(_serve(session, incarnation))


async def _serve(session: Session, incarnation: int) -> None:
    row = session.board.row("console", incarnation)
    row[Board.PID] = os.getpid()
    port = int((session.read("options.json") or {}).get("console_port", 0))
    app = web.Application(middlewares=[_local_only])
    app.router.add_get("/health", lambda _: _json(health(session)))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
    except OSError as error:
        sys.stderr.write(f"latenz: console: port {port}: {error.strerror}; another one is taken\n")
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
    bound = runner.addresses[0][1]
    session.write("status-console.json", {"url": f"http://{HOST}:{bound}/health", "port": bound})
    while not session.stopping and not parent_gone(session):
        row[Board.BEAT] = time.perf_counter()
        row[Board.WORK] += 1
        await asyncio.sleep(0.1)
    await runner.cleanup()


async def _json(data: dict[str, Any]) -> web.Response:
    return web.json_response(data, headers={"Cache-Control": "no-store"})


@web.middleware
async def _local_only(request: web.Request, handler: Any) -> web.StreamResponse:
    """A page elsewhere must not reach this through a name that points here (DNS rebinding)."""
    host = request.host.rpartition(":")[0] or request.host
    if host not in (HOST, "localhost"):
        return web.Response(status=403, text="this console answers on 127.0.0.1 and localhost only\n")
    response: web.StreamResponse = await handler(request)
    return response
