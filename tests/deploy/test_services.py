"""Every command of docker-compose.yml, run outside Docker: with its own environment, but addresses of this machine."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import yaml
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from simulator.process import Process
from store.engine import close, create_engine
from store.migrate import migrate
from tests.databases import DatabaseWith
from tests.deploy.compose import ROOT, Service, services
from tests.end_to_end.salon import eventually
from workflows.visibility import SEARCH_ATTRIBUTES

SERVICES = services()

UP_WITHIN = 40.0


class Here:
    """This machine in place of the containers: other addresses, other files, free ports."""

    def __init__(self, temporal: str, database_url: str, folder: Path, free_port: Callable[[], int]) -> None:
        """`folder` is where everything that is written to files goes."""
        self.folder = folder
        self._ports = {port: str(free_port()) for port in ("8080", "8081", "8090", "9464", "9090")}
        self._places = {
            "temporal:7233": temporal,
            "postgresql://slotkeeper:pg-0123456789@postgres:5432/slotkeeper": database_url,
            "/app/catalog.toml": str(ROOT / "catalog.toml"),
            "/etc/prometheus/": f"{folder}/",
            "=/prometheus": f"={folder}/figures",
        }

    def port(self, inside: str) -> str:
        return self._ports[inside]

    def put(self, text: str) -> str:
        for place, here in self._places.items():
            text = text.replace(place, here)
        for inside, port in self._ports.items():
            text = text.replace(f":{inside}", f":{port}") if text != inside else port
        return text

    def command(self, words: list[str]) -> list[str]:
        program, *arguments = [self.put(word) for word in words]
        if program == "python":
            program = sys.executable
        if program == "slotkeeper":
            program = str(Path(sys.executable).with_name(program))
        return [program, *(str(ROOT / word) if word == "worker.py" else word for word in arguments)]

    def environment(self, service: Service) -> dict[str, str]:
        given = {name: self.put(value) for name, value in service.environment.items()}
        return {"PATH": os.environ["PATH"], **given, "TEMPORAL_NAMESPACE": "default"}

    async def is_healthy(self, service: Service) -> bool:
        """Run the service's own health check."""
        check = await asyncio.create_subprocess_exec(
            *self.command(service.health_check), stdout=DEVNULL, stderr=DEVNULL, env={"PATH": os.environ["PATH"]}
        )
        return await check.wait() == 0

    @asynccontextmanager
    async def running(self, service: Service) -> AsyncIterator[Process]:
        """Run a service until it is well by its own health check, and stop it in the end."""
        process = Process(service.name, self.command(service.command), self.environment(service), folder=self.folder)
        process.start()
        try:

            async def well() -> str | None:
                return service.name if await self.is_healthy(service) else None

            await process.until(well, UP_WITHIN)
            yield process
        finally:
            await process.stop(UP_WITHIN)


@pytest.fixture
def here(
    client: Client, database_with: DatabaseWith, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> Here:
    temporal = client.service_client.config.target_host
    return Here(temporal, database_with("nothing"), tmp_path, unused_tcp_port_factory)


@pytest.mark.parametrize("name", ["webhook", "worker"])
async def test_a_process_becomes_healthy_and_is_not_when_it_is_gone(here: Here, name: str) -> None:
    service = SERVICES[name]
    assert not await here.is_healthy(service)
    async with here.running(service):
        assert await here.is_healthy(service)
    assert not await here.is_healthy(service)


async def test_a_worker_that_has_not_found_temporal_is_not_healthy(
    database_with: DatabaseWith, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    nowhere = f"127.0.0.1:{unused_tcp_port_factory()}"
    here = Here(nowhere, database_with("nothing"), tmp_path, unused_tcp_port_factory)
    worker = SERVICES["worker"]
    process = Process(worker.name, here.command(worker.command), here.environment(worker), folder=tmp_path)
    process.start()
    async with httpx.AsyncClient(trust_env=False) as http:

        async def figures() -> str | None:
            return (await http.get(f"http://127.0.0.1:{here.port('9464')}/metrics")).text or "empty"

        try:
            await process.until(figures, UP_WITHIN)
            assert not await here.is_healthy(worker)
        finally:
            await process.stop(UP_WITHIN)


async def test_the_console_becomes_healthy_behind_its_login(here: Here) -> None:
    console = SERVICES["console"]
    assert not await here.is_healthy(console)
    # It only reads: the tables are there once a webhook or a worker has begun.
    engine = create_engine(here.environment(console)["DATABASE_URL"])
    await migrate(engine)
    await close(engine)
    async with here.running(console), httpx.AsyncClient(trust_env=False) as http:
        page = await http.get(f"http://127.0.0.1:{here.port('8090')}/", headers={"accept": "text/html"})
    assert page.is_redirect
    assert "/login" in page.headers["location"]


async def run_script(service: Service, environment: Mapping[str, str]) -> tuple[int | None, str]:
    """Run a job's script as its container does, with the command line of Temporal beside the interpreter."""
    entry = service.fields["entrypoint"]
    assert entry == ["/bin/sh", "-euc"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-euc", *service.command, env={"PATH": path, **environment}, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_the_namespace_is_made_once_with_every_search_attribute(client: Client) -> None:
    job = SERVICES["temporal-namespace"]
    namespace = f"salon-{uuid4().hex[:8]}"
    settings = {"TEMPORAL_ADDRESS": client.service_client.config.target_host, "TEMPORAL_NAMESPACE": namespace}

    for _ in range(2):
        status, said = await run_script(job, settings)
        assert status == 0, said

    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    assert described.config.workflow_execution_retention_ttl.ToTimedelta().days == 3
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    assert {key.name: key.indexed_value_type for key in SEARCH_ATTRIBUTES}.items() <= {
        name: kind for name, kind in listed.custom_attributes.items()
    }.items()


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "entrypoint" in service.fields])
async def test_a_jobs_script_is_one_that_the_shell_understands(name: str) -> None:
    [script] = SERVICES[name].command
    read = await asyncio.create_subprocess_exec("/bin/sh", "-n", "-c", script, stderr=PIPE)
    _, complaint = await read.communicate()
    assert (read.returncode, complaint.decode()) == (0, "")


async def test_prometheus_scrapes_the_worker_and_works_out_every_rule(here: Here, tmp_path: Path) -> None:
    service = SERVICES["prometheus"]
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed")
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for job in config["scrape_configs"]:
        # The names of the containers mean nothing here; of the processes only the worker runs.
        targets = [f"127.0.0.1:{here.port('9464')}"] if job["job_name"] == "worker" else []
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": targets}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    shutil.copy(ROOT / "deploy/prometheus/alerts.yml", tmp_path)
    address = f"127.0.0.1:{here.port('9090')}"
    command = [program, *(here.put(word) for word in service.command), f"--web.listen-address={address}"]
    process = Process(service.name, command, {"PATH": os.environ["PATH"]}, folder=tmp_path)
    async with (
        here.running(SERVICES["worker"]),
        httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as http,
    ):
        process.start()
        try:

            async def ready() -> str | None:
                return address if (await http.get("/-/ready")).is_success else None

            async def scraped() -> list[str]:
                found = (await http.get("/api/v1/query", params={"query": "up"})).json()["data"]["result"]
                return [f"{one['metric']['job']} {one['value'][1]}" for one in found]

            async def rules() -> list[tuple[str, str]]:
                groups = (await http.get("/api/v1/rules")).json()["data"]["groups"]
                return [(rule["health"], rule["name"]) for group in groups for rule in group["rules"]]

            await process.until(ready, UP_WITHIN)
            await eventually(scraped, lambda up: up == ["worker 1"], within=UP_WITHIN)
            judged = await eventually(rules, lambda all_: all(health != "unknown" for health, _ in all_), UP_WITHIN)
            assert {health for health, _ in judged} == {"ok"}, judged
        finally:
            await process.stop(UP_WITHIN)
