import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from store.catalog import load_catalog
from store.engine import close, create_engine, read, reading, write, writing
from store.errors import QUERY_SECONDS, StoreUnavailable, answers_within, let_go_of
from store.holds import Holds
from store.migrate import migrate

NINE = datetime(2025, 10, 16, 9, tzinfo=UTC)
GENEROUS = 3 * QUERY_SECONDS
"""An answer that takes longer than this was waited for without a limit."""


async def take(holds: Holds) -> bool:
    return await holds.take(
        company="salon",
        calendar="chair",
        call_id="anna",
        start=NINE,
        end=NINE + timedelta(minutes=30),
        seconds=120,
        capacity=1,
    )


@pytest.fixture
async def hanging_url() -> AsyncIterator[str]:
    """A server that accepts connections and never says a word."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://slotkeeper@127.0.0.1:{port}/slotkeeper"


async def _refused_in_time(url: str) -> None:
    engine = create_engine(url)
    async with asyncio.timeout(GENEROUS):
        with pytest.raises(StoreUnavailable):
            await take(Holds(engine))
        with pytest.raises(StoreUnavailable):
            await load_catalog(engine)
    await close(engine)


async def test_a_closed_port_is_an_unavailable_store() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        await _refused_in_time(f"postgresql://slotkeeper@127.0.0.1:{unused.getsockname()[1]}/slotkeeper")


async def test_a_server_that_accepts_and_hangs_is_an_unavailable_store(hanging_url: str) -> None:
    await _refused_in_time(hanging_url)


async def test_migrating_without_a_server_says_so() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        engine = create_engine(f"postgresql://slotkeeper@127.0.0.1:{unused.getsockname()[1]}/slotkeeper")
        with pytest.raises(StoreUnavailable):
            await migrate(engine)


async def test_a_path_that_is_no_file_is_an_unavailable_store(tmp_path: Path) -> None:
    await _refused_in_time(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_connection_whose_server_stops_answering_is_given_up(engine: AsyncEngine) -> None:
    holds = Holds(engine)
    assert await take(holds)
    async with engine.connect() as connection:
        backend = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    os.kill(backend, signal.SIGSTOP)
    try:
        async with asyncio.timeout(GENEROUS):
            with pytest.raises(StoreUnavailable):
                await take(holds)
        # Nor does it keep the next in line waiting, for whom there is another connection.
        assert await take(holds)
    finally:
        os.kill(backend, signal.SIGCONT)
    assert await take(holds)


async def test_a_lock_that_is_not_let_go_is_an_unavailable_store(engine: AsyncEngine) -> None:
    holds = Holds(engine)
    await take(holds)
    async with engine.begin() as blocker:
        await blocker.execute(text("UPDATE calendar SET key = key"))
        async with asyncio.timeout(GENEROUS):
            with pytest.raises(StoreUnavailable):
                await take(holds)
    assert await take(holds)


async def test_reading_waits_for_no_writer(engine: AsyncEngine) -> None:
    holds = Holds(engine)
    await take(holds)
    async with engine.begin() as blocker:
        await blocker.execute(text("UPDATE calendar SET key = key"))
        assert len(await holds.live("salon", "chair")) == 1


async def test_a_pool_without_a_free_connection_is_an_unavailable_store(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    await migrate(engine)
    taken = [await engine.execution_options(sqlite_begin="DEFERRED").connect() for _ in range(5)]
    with pytest.raises(StoreUnavailable, match="no connection"):
        await Holds(engine).live("salon", "chair")
    for connection in taken:
        await connection.close()
    await close(engine)


async def test_a_missing_table_stays_a_loud_error(url: str) -> None:
    engine = create_engine(url)
    with pytest.raises((OperationalError, ProgrammingError)):
        await load_catalog(engine)
    await close(engine)


async def test_errors_carry_no_values(engine: AsyncEngine) -> None:
    @answers_within(QUERY_SECONDS)
    async def faulty() -> None:
        async with reading(engine) as session:
            connection = await session.connection()
            await connection.execute(text("SELECT :number FROM nowhere").bindparams(number="+4915112345678"))

    with pytest.raises((OperationalError, ProgrammingError)) as caught:
        await faulty()
    assert "+4915112345678" not in str(caught.value)


def _one(connection: Connection) -> object:
    return connection.execute(text("SELECT 1")).scalar_one()


async def _asks_reading(engine: AsyncEngine) -> None:
    async with reading(engine) as session:
        await (await session.connection()).run_sync(_one)


async def _asks_writing(engine: AsyncEngine) -> None:
    async with writing(engine) as session:
        await (await session.connection()).run_sync(_one)


async def _asks_to_read(engine: AsyncEngine) -> None:
    await read(engine, _one)


async def _asks_to_write(engine: AsyncEngine) -> None:
    await write(engine, _one)


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
@pytest.mark.parametrize("ask", [_asks_reading, _asks_writing, _asks_to_read, _asks_to_write])
@pytest.mark.parametrize("step", [1, 2, 3])
async def test_a_query_that_is_given_up_before_it_asks_gives_its_connection_back(
    engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    ask: Callable[[AsyncEngine], Awaitable[object]],
    step: int,
) -> None:
    prepares = psycopg.AsyncConnection.set_autocommit
    steps = count(1)

    async def hangs(connection: psycopg.AsyncConnection, value: bool) -> None:
        if next(steps) == step:
            await asyncio.Event().wait()
        await prepares(connection, value)

    async def asks() -> None:
        await ask(engine)

    await asks()
    with monkeypatch.context() as patching:
        patching.setattr(psycopg.AsyncConnection, "set_autocommit", hangs)
        with suppress(StoreUnavailable):
            await answers_within(0.2)(asks)()
        await let_go_of()
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name.startswith("sqlalchemy.pool")] == []


async def test_the_cancelled_caller_cancels_the_query() -> None:
    cancelled = asyncio.Event()

    @answers_within(60)
    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    task = asyncio.create_task(endless())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(GENEROUS):
        await cancelled.wait()


@pytest.mark.parametrize(
    "url",
    ["mysql://user:secret@host/name", "postgresql+asyncpg://user:secret@host/name", "not a url", "sqlite://", ""],
)
def test_a_url_of_another_kind_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///path") as caught:
        create_engine(url)
    assert "secret" not in str(caught.value)


def test_the_directory_of_an_sqlite_file_is_made(tmp_path: Path) -> None:
    create_engine(f"sqlite:///{tmp_path}/deep/down/store.db")
    assert (tmp_path / "deep" / "down").is_dir()


async def test_sqlite_writes_ahead_and_keeps_references(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    async with engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
        assert (await connection.execute(text("PRAGMA foreign_keys"))).scalar_one() == 1
    await close(engine)
