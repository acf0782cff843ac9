"""The twins know nothing of the product, and the kit knows no broker."""

import ast
from pathlib import Path

HERE = Path(__file__).parent
BROKERS = {"alpaca", "ccxt", "ib_insync", "ib_async"}


def imported(path: Path) -> set[str]:
    """The modules that a file imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports are not used"
            found.add(str(node.module))
    return found


def test_no_twin_imports_the_product() -> None:
    files = list(HERE.rglob("*.py"))
    assert len(files) > 20
    product = {
        (path.name, name) for path in files for name in imported(path) if name.partition(".")[0].startswith("tradewire")
    }
    assert product == set()


def test_no_twin_imports_other_tests() -> None:
    others = {
        (path.name, name)
        for path in HERE.rglob("*.py")
        for name in imported(path)
        if name.startswith("tests.") and not name.startswith("tests.twins.")
    }
    assert others == set()


def test_the_kit_knows_no_broker() -> None:
    for path in (HERE / "kit").glob("*.py"):
        names = imported(path)
        assert not {name.partition(".")[0] for name in names} & BROKERS, path
        assert not {
            name for name in names if name.startswith("tests.twins.") and not name.startswith("tests.twins.kit")
        }, path


def test_only_rules_import_a_broker_s_client() -> None:
    """The twin itself is no user of the vendor's code, so that neither can hide a fault of the other."""
    users = {
        path.relative_to(HERE).parts[:2]
        for path in HERE.rglob("*.py")
        if {n.partition(".")[0] for n in imported(path)} & BROKERS
    }
    assert users == {("alpaca", "rules")}
