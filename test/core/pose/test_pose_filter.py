"""The filter's parts against independent truth: numerical derivatives, scipy, closed forms."""

from __future__ import annotations

from dataclasses import replace
import itertools
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import chi2

from edge_perception.core.pose.chi_square import quantile
from edge_perception.core.pose.correction import Innovation, Residual
from edge_perception.core.pose.error_state import BA, BG, P, SIZE, THETA, V
from edge_perception.core.pose.filter import base_velocity, Filter
from edge_perception.core.pose.history import Entry, History
from edge_perception.core.pose.measurements import Axis, Inertial, Placement, Wheels
from edge_perception.core.pose.motion import advance, advance_by
from edge_perception.core.pose.quaternion import cross, euler, exponential, level
from edge_perception.core.pose.settings import Settings
from edge_perception.core.pose.state import State
from edge_perception.core.stamps import SECOND

MS = SECOND // 1000
BEGIN = 1_000 * SECOND
G = 9.80665
NOISE = (1e-3, 2e-2)
PARTS = {"velocity": V, "position": P, "gyro_bias": BG, "accel_bias": BA}
small = st.floats(-3, 3)
vectors = st.tuples(small, small, small)


def numbers(array: np.ndarray) -> tuple[float, ...]:
    return tuple(array.tolist())


def a_state(seed: int = 0) -> State:
    """Return a state in motion, with a covariance in which all depends on all."""
    random = np.random.default_rng(seed)
    root = 0.1 * random.standard_normal((SIZE, SIZE))
    return State(
        BEGIN,
        numbers(Rotation.random(rng=random).as_quat()),
        root @ root.T + 1e-4 * np.eye(SIZE),
        velocity=numbers(random.standard_normal(3)),
        position=numbers(random.standard_normal(3)),
        gyro_bias=numbers(0.1 * random.standard_normal(3)),
        accel_bias=numbers(0.1 * random.standard_normal(3)),
        gyro=numbers(random.standard_normal(3)),
        accel=numbers(10 * random.standard_normal(3)),
        noise=NOISE,
        imu_stamp=BEGIN,
    )


def nudged(state: State, error: np.ndarray) -> State:
    """Return the state with an error added, as the error state defines it."""
    other = state.copy()
    turned = Rotation.from_quat(state.rotation) * Rotation.from_rotvec(error[THETA])
    other.rotation = numbers(turned.as_quat())
    for name, part in PARTS.items():
        setattr(other, name, numbers(getattr(state, name) + error[part]))
    return other


def difference(one: State, other: State) -> np.ndarray:
    """Return the error state from one to the other."""
    turn = Rotation.from_quat(one.rotation).inv() * Rotation.from_quat(other.rotation)
    rest = [np.subtract(getattr(other, name), getattr(one, name)) for name in PARTS]
    return np.concatenate([turn.as_rotvec(), *rest])


def check(covariance: np.ndarray) -> None:
    assert np.isfinite(covariance).all()
    assert (covariance == covariance.T).all()
    assert np.linalg.eigvalsh(covariance)[0] > -1e-9 * np.linalg.eigvalsh(covariance)[-1]


@given(vectors)
def test_rotations_are_those_of_scipy(vector):
    theirs = Rotation.from_rotvec(vector)
    ours = exponential(*vector)
    assert Rotation.from_quat(ours).approx_equal(theirs, atol=1e-9)
    assert np.linalg.norm(ours) == pytest.approx(1.0)
    matrix = np.reshape(cross(vector), (3, 3))
    assert matrix @ [1.0, 2.0, 3.0] == pytest.approx(np.cross(vector, [1.0, 2.0, 3.0]))
    if abs(theirs.as_matrix()[2, 0]) < 0.999:
        assert Rotation.from_euler("xyz", euler(ours)).approx_equal(theirs, atol=1e-6)


@given(vectors.filter(lambda v: np.linalg.norm(v) > 0.1))
def test_level_turns_a_direction_upwards_without_yaw(up):
    turned = Rotation.from_quat(level(up)).apply(up / np.linalg.norm(up))
    assert turned == pytest.approx([0, 0, 1], abs=1e-9)


@pytest.mark.parametrize(
    ("probability", "freedom"),
    [
        *itertools.product([0.5, 0.9, 0.999, 0.9999], [1, 2, 3, 4]),
        *itertools.product([0.025, 0.5, 0.975], [30, 100, 1000, 100_000]),
    ],
)
def test_quantiles_are_those_of_scipy(probability, freedom):
    assert quantile(probability, freedom) == pytest.approx(
        chi2.ppf(probability, freedom), rel=0.035
    )


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("seed", range(5))
def test_the_covariance_follows_the_numerical_derivative_of_motion(seed, steps):
    state = a_state(seed)
    quiet = replace(Settings(), gyro_walk=0.0, accel_walk=0.0)
    state.noise = (0.0, 0.0)

    def moved(start: State) -> State:
        end = start.copy()
        for step in range(1, steps + 1):
            advance(end, BEGIN + 5 * step * MS, quiet)
        return end

    middle = moved(state)
    step = 1e-6
    jacobian = np.column_stack(
        [difference(middle, moved(nudged(state, step * row))) / step for row in np.eye(SIZE)]
    )
    expected = jacobian @ state.covariance @ jacobian.T
    scale = np.sqrt(np.outer(expected.diagonal(), expected.diagonal()))
    assert (np.abs(middle.covariance - expected) / scale).max() < 2e-6 * steps**3


@pytest.mark.parametrize("seed", range(5))
def test_the_velocity_of_the_base_has_the_numerical_derivative(seed):
    state = a_state(seed)
    velocity, jacobian = base_velocity(state)
    step = 1e-6
    numerical = np.column_stack(
        [
            np.subtract(base_velocity(nudged(state, step * row))[0], velocity) / step
            for row in np.eye(SIZE)
        ]
    )
    assert jacobian == pytest.approx(numerical, abs=1e-4)


def test_integrates_a_spiral_as_its_closed_form_says():
    turn, speed, climb = 1.5, 2.0, 0.3
    settings = Settings(planar=False)
    state = State(BEGIN, (0.0, 0.0, 0.0, 1.0), np.eye(SIZE) * 1e-6)
    state.velocity = (speed, 0.0, climb)
    gyro, accel = (0.0, 0.0, turn), (0.0, speed * turn, G)
    for index in range(2001):
        advance_by(state, BEGIN + index * 5 * MS, gyro, accel, NOISE, settings)
    seconds, radius = 10.0, speed / turn
    where = [radius * math.sin(turn * seconds), radius * (1 - math.cos(turn * seconds))]
    assert state.position == pytest.approx([*where, climb * seconds], abs=1e-3)
    assert euler(state.rotation)[2] == pytest.approx(math.remainder(turn * seconds, math.tau))


def test_a_correction_is_that_of_a_kalman_filter():
    state = a_state(1)
    before = state.copy()
    jacobian = np.zeros((3, SIZE))
    jacobian[:, P] = np.eye(3)
    Innovation(state, Residual(np.array([0.1, -0.2, 0.3]), jacobian, np.full(3, 0.01))).correct()
    information = np.linalg.inv(before.covariance) + jacobian.T @ jacobian / 0.01
    expected = np.linalg.inv(information)
    assert state.covariance[3:, 3:] == pytest.approx(expected[3:, 3:], abs=1e-9)
    gain = expected @ jacobian.T / 0.01
    assert state.position == pytest.approx(before.position + (gain @ [0.1, -0.2, 0.3])[P])


readings = st.tuples(vectors, vectors).map(lambda v: (v[0], (v[1][0], v[1][1], G + v[1][2])))
speeds = st.tuples(small, small).map(lambda v: (v[0], 0.0, 0.0, v[1]))
events = st.lists(
    st.tuples(st.integers(1, 300), st.one_of(readings, speeds)),
    max_size=30,
    unique_by=lambda e: e[0],
)


def measurement(when: int, content: tuple) -> Inertial | Wheels:
    if len(content) == 2:
        return Inertial(BEGIN + when * MS, *content, NOISE)
    return Wheels(BEGIN + when * MS, content, (0.01,) * 4)


def a_start() -> State:
    return State(BEGIN, (0.0, 0.0, 0.0, 1.0), np.eye(SIZE) * 1e-2)


@given(events, st.booleans())
@settings(max_examples=50, deadline=None)
def test_whatever_is_measured_covariance_and_attitude_stay_sound(found, planar):
    filter_ = Filter(Settings(planar=planar))
    state = a_start()
    for when, content in sorted(found, key=lambda event: event[0]):
        state, [verdict] = filter_.after(state, [measurement(when, content)])
        check(state.covariance)
        assert np.linalg.norm(state.rotation) == pytest.approx(1.0)
        assert verdict is None or verdict.nis >= 0


@given(events, st.randoms())
@settings(max_examples=50, deadline=None)
def test_the_order_in_which_measurements_come_does_not_matter(found, random):
    in_order, shuffled = sorted(found, key=lambda event: event[0]), list(found)
    random.shuffle(shuffled)
    states = []
    for order in (in_order, shuffled):
        history = History(Filter(Settings()), a_start(), SECOND)
        for when, content in order:
            assert history.add(measurement(when, content)) in (Entry.IN_ORDER, Entry.LATE)
            if random.random() < 0.3:
                history.state()
        states.append(history.state())
    for name in ("position", "rotation", "velocity", "gyro_bias", "covariance"):
        assert np.array_equal(getattr(states[0], name), getattr(states[1], name))


def test_what_comes_later_than_the_history_is_long_is_left_out():
    history = History(Filter(Settings()), a_start(), SECOND // 10)
    level_reading = ((0.0, 0.0, 0.0), (0.0, 0.0, G))
    assert history.add(measurement(200, level_reading)) is Entry.IN_ORDER
    assert history.add(measurement(150, level_reading)) is Entry.LATE
    assert history.add(measurement(150, level_reading)) is Entry.REPEATED
    assert history.add(measurement(99, level_reading)) is Entry.TOO_LATE


def test_without_any_measurement_the_covariance_grows_but_not_for_ever():
    filter_ = Filter(Settings(planar=False))
    state = a_start()
    deviations = []
    for hours in (1, 2, 3):
        state = filter_.predict(state, BEGIN + hours * 3600 * SECOND // 100)
        check(state.covariance)
        deviations.append(math.sqrt(state.covariance[P, P].max()))
    assert deviations == sorted(deviations)
    state.covariance = state.covariance * 1e12
    state = filter_.predict(state, state.stamp + SECOND)
    check(state.covariance)
    assert np.sqrt(state.covariance.diagonal().max()) <= 1e5 * (1 + 1e-9)


def test_wheels_that_slip_are_left_out_and_believed_after_a_while():
    filter_ = Filter(Settings(patience=0.3))
    state = a_start()
    state.covariance = state.covariance * 1e-4
    used = []
    for index in range(400):
        reading = Inertial(BEGIN + index * 5 * MS, (0.0, 0.0, 0.0), (0.0, 0.0, G), NOISE)
        state, _ = filter_.after(state, [reading])
        if index % 4 == 0:
            wheels = Wheels(reading.stamp, (2.0, 0.0, 0.0, 0.0), (1e-4,) * 4)
            state, [verdict] = filter_.after(state, [wheels])
            used.append(verdict.used)
    assert not any(used[:15])
    assert all(used[16:])
    assert state.velocity[0] == pytest.approx(2.0, abs=0.05)


@given(vectors, st.floats(-math.pi, math.pi), st.integers(0, 20))
@settings(max_examples=30, deadline=None)
def test_a_placement_sets_position_and_yaw_and_keeps_the_tilt(position, yaw, seed):
    state = a_state(seed)
    if abs(Rotation.from_quat(state.rotation).as_matrix()[2, 0]) > 0.99:
        return
    placement = Placement(BEGIN, position, yaw, np.diag([0.04, 0.09, 0.16, 0.01]))
    placed, _ = Filter(Settings()).after(state, [placement])
    roll, pitch, heading = Rotation.from_quat(placed.rotation).as_euler("xyz")
    assert (roll, pitch) == pytest.approx(Rotation.from_quat(state.rotation).as_euler("xyz")[:2])
    assert math.remainder(heading - yaw, math.tau) == pytest.approx(0, abs=1e-9)
    assert placed.position == pytest.approx(position)
    assert base_velocity(placed)[0] == pytest.approx(base_velocity(state)[0])
    check(placed.covariance)
    up = Rotation.from_quat(placed.rotation).as_matrix()[2]
    assert up @ placed.covariance[THETA, THETA] @ up == pytest.approx(0.01)


def test_axes_are_named_as_in_the_parameter():
    assert [axis.name.lower() for axis in Axis] == ["vx", "vy", "vz", "wz"]
