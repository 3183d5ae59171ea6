"""The launch file, where launch_ros is installed: it is on no package index."""

import importlib.util

import pytest

launch = pytest.importorskip("launch")
pytest.importorskip("launch_ros")

from edge_perception.share import share_dir  # noqa: E402


@pytest.fixture
def description():
    path = share_dir() / "launch" / "robot.launch.py"
    spec = importlib.util.spec_from_file_location("robot_launch", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def run(description, **arguments):
    service = launch.LaunchService(argv=[f"{name}:={value}" for name, value in arguments.items()])
    service.include_launch_description(description)
    return service.run()


def test_every_argument_is_described(description):
    arguments = description.get_launch_arguments()
    assert {"model", "camera", "rules", "params_file", "namespace"} <= {a.name for a in arguments}
    assert {"use_sim_time", "log_level", "composed"} <= {a.name for a in arguments}
    assert all(argument.description for argument in arguments)


@pytest.mark.parametrize("composed", ["true", "false"])
def test_node_that_can_not_be_configured_fails_the_launch(description, capfd, composed):
    context = launch.actions.SetLaunchConfiguration
    entities = [
        context("model", "/nowhere.edge"),
        context("composed", composed),
        *description.entities,
    ]
    assert run(launch.LaunchDescription(entities)) == 1
    assert "/nowhere.edge does not exist" in "".join(capfd.readouterr())
