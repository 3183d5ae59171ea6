"""Where the files lie that are no Python: config/, launch/, msg/ and package.xml."""

from pathlib import Path


def share_dir() -> Path:
    """
    Find the folder that holds config/, launch/ and msg/.

    In a checkout that is its root; after an installation by colcon or pip it is
    PREFIX/share/edge_perception.

    :returns: the folder
    :raises FileNotFoundError: if the installation is incomplete
    """
    module = Path(__file__).resolve()
    checkout = module.parents[1]
    if (checkout / "package.xml").is_file():
        return checkout
    for prefix in module.parents:
        share = prefix / "share" / "edge_perception"
        if (share / "package.xml").is_file():
            return share
    raise FileNotFoundError(
        f"no share/edge_perception above {module}: the installation of edge_perception is"
        " incomplete; install it again with colcon build, pip install . or make setup"
    )
