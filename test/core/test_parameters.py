"""What parameters take, and what is said of the rest."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

from edge_perception.core.parameters import Parameter, ParameterError, Parameters, Value

FLAG = Parameter("flag", False, "")
COUNT = Parameter("count", 3, "", minimum=1)
RATE = Parameter("rate", 1.0, "", minimum=0.5, maximum=10.0)
FREE = Parameter("free", 0.0, "")
MODE = Parameter("mode", "slow", "", choices=("slow", "fast"))
SIGNS = Parameter("signs", [1], "")
ANGLES = Parameter("angles", [0.0], "")
NAMES = Parameter("names", ["a"], "")
ALL = (FLAG, COUNT, RATE, FREE, MODE, SIGNS, ANGLES, NAMES)


@pytest.mark.parametrize(
    ("parameter", "value", "taken"),
    [
        (FLAG, True, True),
        (COUNT, 1, 1),
        (RATE, 10, 10.0),
        (RATE, 0.5, 0.5),
        (FREE, -1e300, -1e300),
        (MODE, "fast", "fast"),
        (SIGNS, [1, -1], [1, -1]),
        (ANGLES, (1, 0.5), [1.0, 0.5]),
        (NAMES, [], []),
    ],
)
def test_values_are_taken_with_the_type_of_the_default(
    parameter: Parameter, value: object, taken: Value
) -> None:
    accepted = parameter.accept(value)
    assert accepted == taken
    assert type(accepted) is type(taken)
    if isinstance(accepted, list) and isinstance(taken, list):
        assert list(map(type, accepted)) == list(map(type, taken))


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        (FLAG, 1, "flag must be true or false, received 1"),
        (COUNT, True, "count must be a whole number of at least 1, received True"),
        (COUNT, 0, "count must be a whole number of at least 1, received 0"),
        (COUNT, 1.0, "count must be a whole number"),
        (COUNT, 2**63, "count must be a whole number"),
        (RATE, "5", "rate must be a number from 0.5 to 10, received '5'"),
        (RATE, 11, "rate must be a number from 0.5 to 10, received 11"),
        (RATE, math.nan, "rate must be a number"),
        (FREE, math.inf, "free must be a number, received inf"),
        (FREE, 10**400, "free must be a number, received 1000"),
        (FREE, None, "free must be a number, received None"),
        (MODE, "fsat", "mode must be one of slow, fast, received 'fsat'; is 'fast' meant?"),
        (SIGNS, [1, 0.5], "signs must be a list of whole numbers, received [1, 0.5]"),
        (ANGLES, "0", "angles must be a list of numbers, received '0'"),
        (NAMES, [1], "names must be a list of texts, received [1]"),
    ],
)
def test_another_value_is_refused_in_a_sentence(
    parameter: Parameter, value: object, said: str
) -> None:
    with pytest.raises(ParameterError) as refused:
        parameter.accept(value)
    assert str(refused.value).startswith(said)
    with pytest.raises(ParameterError, match=r"^speed must be"):
        parameter.accept(value, "speed")


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_comes_is_taken_or_refused(value: Any) -> None:
    for parameter in ALL:
        try:
            accepted = parameter.accept(value)
        except ParameterError:
            continue
        assert accepted == value


def test_parameters_are_complete_and_read_by_type() -> None:
    parameters = Parameters(ALL, {"rate": 2, "names": ["x", "y"]})
    assert parameters.number("rate") == 2.0
    assert parameters.texts("names") == ["x", "y"]
    assert (parameters.flag("flag"), parameters.integer("count")) == (False, 3)
    assert (parameters.text("mode"), parameters.integers("signs")) == ("slow", [1])
    assert parameters.numbers("angles") == [0.0]
    with pytest.raises(TypeError, match="rate is no int"):
        parameters.integer("rate")


def test_a_parameter_that_is_not_declared_is_named() -> None:
    with pytest.raises(ParameterError, match=r"no parameter 'rat'.*is 'rate' meant"):
        Parameters(ALL, {"rat": 1.0})
