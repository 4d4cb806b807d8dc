"""A script that imports cleanlab runs on tusker after one line."""

import subprocess
import sys


def run(script):
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


def test_a_module_tusker_lacks_is_named():
    done = run("import tusker; tusker.install_as_cleanlab(); import cleanlab.datalab")
    assert done.returncode == 1
    assert "tusker has no cleanlab.datalab" in done.stderr
    assert "ModuleNotFoundError" in done.stderr


def test_installing_after_the_real_cleanlab_is_refused():
    done = run("import cleanlab, tusker; tusker.install_as_cleanlab()")
    assert done.returncode == 1
    assert "cleanlab was imported already" in done.stderr
