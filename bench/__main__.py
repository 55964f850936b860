"""`python3 run.py bench`: what a request, a refresh and a log-out everywhere cost, on SQLite and on PostgreSQL.

It reports and never fails for a time. It does fail if a candidate lets in whom it should not.
`python3 run.py bench scale` and `… bench served` have a help of their own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.chart import chart
from bench.machine import machine
from bench.markdown import markdown
from bench.report import report
from bench.scale import scale
from bench.served import served
from tests.services import start, stop

ROOT = Path(__file__).parents[1]
APART = {"scale": scale, "served": served}
DATABASES = ("sqlite", "postgres")
FULL = {"rounds": 600, "requests": 10, "rows": 1_000_000, "cycles": 10_000}
QUICK = {"rounds": 120, "requests": 10, "rows": 100_000, "cycles": 500}


def main() -> int:
    if apart := APART.get(" ".join(sys.argv[1:2])):
        return apart(sys.argv[2:])
    words = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    words.add_argument("--quick", action="store_true", help="fewer rounds, rows and refreshes: about six minutes")
    words.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured there")
    words.add_argument("--chart", type=Path, metavar="FILE", help="draw the ratios to the open view there, as SVG")
    words.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables of the docs there")
    chosen = words.parse_args()
    size = QUICK if chosen.quick else FULL
    told: dict[str, Any] = {"machine": machine(), "size": size, "databases": {}}
    for name in DATABASES:
        requests = measured("bench.database", name, size, ("rounds", "requests", "rows"))
        lasting = measured("bench.lasting.database", name, size, ("rounds", "requests", "cycles"))
        told["databases"][name] = requests | {"lasting": lasting}
    print(report(told))
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=1) + "\n")
    if chosen.markdown:
        chosen.markdown.write_text(markdown(told))
    if chosen.chart:
        chosen.chart.write_text(chart(told))
    return 0


def measured(module: str, name: str, size: Mapping[str, int], options: Iterable[str]) -> Any:
    """What a process of its own finds out about that database, which is new."""
    words = [f"--{option}={size[option]}" for option in options]
    settings = f"{module.rpartition('.')[0]}.settings"
    with tempfile.TemporaryDirectory(prefix="tessera-") as folder:
        os.environ.update(TEST_DB=name, TEST_FOLDER=folder, DJANGO_SETTINGS_MODULE=settings)
        keeper = start(["postgres"] if name == "postgres" else [])
        try:
            done = subprocess.run([sys.executable, "-m", module, *words], cwd=ROOT, stdout=subprocess.PIPE, check=False)
        finally:
            stop(keeper)
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
