"""How well perception keeps up: counts, rates and percentiles, reported once a second."""

from __future__ import annotations

from edge_perception.core.health import Percentiles, Rate
from edge_perception.core.node import Traffic
from edge_perception.core.stamps import SECOND, to_time
from edge_perception.messages.types import Header, PerceptionStatus

_WINDOW = 10.0


class Throughput:
    """
    Counts of images and times of results.

    :ivar processed: images that gave a result.
    :ivar rejected: images that could not be used.
    """

    def __init__(self) -> None:
        self.processed = 0
        self.rejected = 0
        self._second = -1
        self._input, self._output = Rate(_WINDOW), Rate(_WINDOW)
        self._latency, self._run = Percentiles(_WINDOW), Percentiles(_WINDOW)

    def result(self, now: int, age: int, run: float) -> None:
        """Count a result: its age [ns] and the time in the model [ms]."""
        self.processed += 1
        self._latency.add(now, age / 1e6)
        self._run.add(now, run)

    def latency(self, now: int) -> float:
        """Return the age that 95 % of the results are below, in milliseconds."""
        return self._latency.at(now, [95])[0]

    def report(self, model: str, traffic: Traffic | None, now: int) -> PerceptionStatus | None:
        """
        Return the status in the first call of each second, else None.

        :param model: what looks at the images.
        :param traffic: of the image input, if the shell counts it.
        """
        if now // SECOND == self._second:
            return None
        self._second = now // SECOND
        if traffic is None:
            traffic = Traffic(received=self.processed + self.rejected)
        self._input.add(now, traffic.received)
        self._output.add(now, self.processed)
        latency, run = self._latency.at(now), self._run.at(now)
        return PerceptionStatus(
            header=Header(stamp=to_time(now)),
            model=model,
            window=_WINDOW,
            input_rate=self._input.per_second(now),
            output_rate=self._output.per_second(now),
            received=traffic.received,
            processed=self.processed,
            dropped=traffic.dropped,
            rejected=self.rejected,
            latency_p50=latency[0],
            latency_p95=latency[1],
            latency_p99=latency[2],
            run_p50=run[0],
            run_p95=run[1],
            run_p99=run[2],
        )
