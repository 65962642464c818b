"""A worker deletes what is too old."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from temporalio.client import Client

from starter.connect import connect, read_connection
from starter.settings import Settings
from store.calls import save_call
from store.engine import reading
from store.holds import utc_now
from store.tables import Call
from tests.databases import StoreWith
from tests.end_to_end.salon import eventually
from worker import running_worker


async def test_calls_are_kept_for_as_long_as_is_set(
    client: Client, store_with: StoreWith, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "nowhere.toml"))
    engine = store_with("catalog")
    for days in (29, 31):
        began = utc_now() - timedelta(days=days)
        call = Call(
            call_id=f"{days} days ago", revision=1, company="salon", branch="mitte", outcome="silent", started_at=began
        )
        await save_call(engine, call, [], [])

    async def kept() -> list[str]:
        async with reading(engine) as session:
            return list(await session.exec(select(Call.call_id)))

    settings = Settings(keep_calls_days=30)
    connection = read_connection(settings)
    async with running_worker(await connect(connection), engine, settings, connection):
        await eventually(kept, lambda calls: calls == ["29 days ago"])
