"""The answer of ``bench.double`` over HTTP/2, which uvicorn does not speak: ``python -m bench.http2``."""

import asyncio
import ssl
from pathlib import Path
from typing import Annotated, cast

import typer
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded

from bench.certificate import HOST, Certificate
from bench.double import BODY, HEADERS


class _Answering(asyncio.Protocol):
    """One connection; its windows are never full, as httpx opens them wide."""

    def __init__(self) -> None:
        self._h2 = H2Connection(H2Configuration(client_side=False))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._h2.initiate_connection()
        self._transport.write(self._h2.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self._h2.receive_data(data):
            if isinstance(event, StreamEnded) and event.stream_id is not None:
                self._h2.send_headers(event.stream_id, [(b":status", b"200"), *HEADERS])
                self._h2.send_data(event.stream_id, BODY, end_stream=True)
        self._transport.write(self._h2.data_to_send())


def main(
    port: Annotated[int, typer.Option()],
    certificate: Annotated[Path, typer.Option()],
    key: Annotated[Path, typer.Option()],
) -> None:
    """Answer until told to stop."""
    asyncio.run(_serve(port, Certificate(certificate, key)))


async def _serve(port: int, certificate: Certificate) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    tls.set_alpn_protocols(["h2"])
    server = await asyncio.get_running_loop().create_server(_Answering, HOST, port, ssl=tls)
    await server.serve_forever()


if __name__ == "__main__":
    typer.run(main)
