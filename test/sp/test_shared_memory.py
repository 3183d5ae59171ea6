"""What is done before processes are forked, so that they share more memory."""

from edge_perception.transport.sp.sharing import share_more

PAGE, SIZE, COUNT = 4096, 96, 500


def pages(count: int) -> int:
    """Return on how many pages so many new objects lie; they stay until all are made."""
    made = [bytes(SIZE - 33) for _ in range(count)]
    return len({id(one) // PAGE for one in made})


def test_new_objects_lie_together() -> None:
    there = [bytes(SIZE - 33) for _ in range(30_000)]
    del there[::50]
    assert pages(COUNT) > COUNT / 2  # in the gaps, as CPython has it
    share_more()
    assert pages(COUNT) <= 2 * COUNT * SIZE / PAGE
