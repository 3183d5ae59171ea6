"""How tests run a program that was installed."""

from pathlib import Path
import subprocess


def run(*command: object, folder: Path = Path("/"), **variables: object) -> str:
    """Run a command where no ROS and no checkout is known; it must do well."""
    path = f"{Path(str(command[0])).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={"PATH": path, "LC_ALL": "C.UTF-8", **{key: str(variables[key]) for key in variables}},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
