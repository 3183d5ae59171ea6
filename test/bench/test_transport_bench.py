"""The benchmark of transports: what its page says, and what is counted as installed."""

from importlib.metadata import distribution
from pathlib import Path

from bench.transport.footprint import installed
from bench.transport.results import page, Turn

FACTS = {
    "date": "2026-01-02T03:04:05+00:00",
    "processor": "some processor",
    "cores": 2,
    "load average": 0.25,
    "seconds": 16.0,
    "model": "some.edge",
    "installed": {"ROS 2": 244_000_000},
}


def test_the_page_has_the_medians_of_the_turns():
    turns = [
        Turn("ROS 2", 10**8, 50.0, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), 8, 2, 3.0),
        Turn("ROS 2", 2 * 10**8, 40.0, (2.0, 3.0, 4.0), (5.0, 6.0, 7.0), 10, 0, 2.0),
        Turn("nodes alone", 6 * 10**7, 30.0),
        Turn("nodes alone", 6 * 10**7, 32.0),
    ]
    text = page(FACTS, turns)
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    assert rows[2] == (
        ["ROS 2", "150", "45.0", "1.50", "2.50", "3.50", "4.50", "5.50", "6.50", "2 of 20", "2.5"]
    )
    assert rows[3][:3] == ["nodes alone", "60", "31.0"]
    assert "turns of each: 2, of 16 s, on some processor with 2 cores, 2026-01-02" in text
    assert "244 MB installed" in text


def test_what_a_package_depends_on_is_installed_too():
    own = sum(
        path.stat().st_size
        for file in distribution("hypothesis").files or ()
        if (path := Path(str(file.locate()))).is_file()
    )
    assert own < installed(["hypothesis"]) == installed(["Hypothesis", "sortedcontainers"])
    assert installed(["no-such-package"]) == 0
