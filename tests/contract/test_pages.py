"""What docs/ says is what the code, the template and the command line have."""

import pytest

from local import pages


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_pages_tables_are_those_that_the_code_makes(name: str) -> None:
    written = (pages.DOCS / name).read_text("utf-8")
    assert written == pages.page(name), "run: python -m local.pages"
