from io import StringIO

from rich.console import Console

from bench import settings
from bench.rounds import Measured
from bench.settings import AS_SHIPPED, FLAT_OUT, STEADY, SYSTEMS
from simulator.temporal import SHIPPED
from tests.bench.made import played, run

OTHER = SYSTEMS[1]

MEASURED: Measured = {
    (STEADY, AS_SHIPPED): [run(played(60, 110)), run(played(80, 130))],
    (STEADY, OTHER): [run(played(70, 100)), run(played(75, 125))],
    (FLAT_OUT, AS_SHIPPED): [run(played(90, 150), Worker=50)],
    (FLAT_OUT, OTHER): [run(played(90, 150), played(90, 150), Worker=50)],
}


def test_what_is_set_otherwise_is_held_beside_what_is_shipped_in_the_same_round() -> None:
    shipped, other = settings.figures_of(MEASURED)

    assert (shipped["settings"], shipped["check_p50_ms"], shipped["confirm_p50_ms"]) == ("as shipped", 70, 120)
    assert (other["check_p50_ms"], other["check_p50_min_ms"], other["check_p50_max_ms"]) == (2.5, -5, 10)
    assert (shipped["booked_per_s"], other["booked_per_s"]) == (0.2, 0.5)
    assert (shipped["cpu_worker_ms"], other["cpu_worker_ms"]) == (50, 25)

    paper = StringIO()
    Console(file=paper, width=200).print(settings.table([shipped, other]))
    assert OTHER.name in paper.getvalue()
    assert "worker 25" in paper.getvalue()


def test_every_system_differs_from_what_is_shipped_in_one_thing() -> None:
    assert len({system.name for system in SYSTEMS}) == len({(system.variant, system.tuning) for system in SYSTEMS})
    for system in SYSTEMS:
        assert system.variant
        if system is not AS_SHIPPED:
            assert (system.variant.temporal == SHIPPED) != (system.tuning == AS_SHIPPED.tuning)
