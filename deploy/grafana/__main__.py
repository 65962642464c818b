"""Write the dashboard down: ``python -m deploy.grafana``."""

from pathlib import Path

from deploy.grafana.dashboard import text

FILE = Path(__file__).with_name("dashboards") / "slotkeeper.json"

if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text())
