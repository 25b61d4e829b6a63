"""A registry for the benchmark: Debian's, on the loopback, with a slow link before it or not."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

PROGRAM = "docker-registry"
_CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def there() -> bool:
    """Tell whether the registry's program is on this machine."""
    return shutil.which(PROGRAM) is not None


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


class Registry:
    """A registry with its storage in *folder*; *delay* is a round trip in seconds."""

    def __init__(self, folder: Path, delay: float = 0.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        config = folder / "config.yml"
        config.write_text(_CONFIG.format(folder=folder / "data", port=self.port))
        self._process = subprocess.Popen(
            [PROGRAM, "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()
        self._link = Link(self.port, delay / 2) if delay else None

    @property
    def host(self) -> str:
        """What references begin with."""
        return f"localhost:{self._link.port if self._link else self.port}"

    def close(self) -> None:
        """End it."""
        if self._link:
            self._link.close()
        self._process.kill()
        self._process.wait()

    def _wait(self) -> None:
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v2/", timeout=2).close()
                return
            time.sleep(0.05)
        raise RuntimeError("the registry does not start")


class Link:
    """Passes bytes on to *port*, *delay* seconds later each way; a connection costs a trip too."""

    def __init__(self, port: int, delay: float) -> None:
        self._to, self._delay = port, delay
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(10)

    def close(self) -> None:
        """Stop passing."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        start = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._loop.run_until_complete(start)
        ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * self._delay)
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def late() -> None:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                if not data:
                    writer.close()
                    return
                writer.write(data)
                with contextlib.suppress(OSError):
                    await writer.drain()

        sender = asyncio.ensure_future(late())
        data = b"-"
        while data:
            try:
                data = await reader.read(256 << 10)
            except OSError:
                data = b""
            queue.put_nowait((self._loop.time() + self._delay, data))
        await sender
