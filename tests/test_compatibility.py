"""docs/compatibility.md is printed from the table of routes."""

from running_server import ROOT, run


def test_the_page_is_what_the_table_says():
    printed = run("routes", "--markdown")
    assert printed.returncode == 0
    page = (ROOT / "docs/compatibility.md").read_text()
    assert page == printed.stdout, "run: tusker routes --markdown > docs/compatibility.md"
