"""The lock fits pyproject.toml; an installed wheel works outside the repository."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "models" / "default"

needs_model = pytest.mark.skipif(
    not (MODEL / "model.json").is_file(), reason="models/default is missing: make model"
)


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = [Requirement(line) for line in PROJECT["dependencies"]]
NEEDED_TO_DEVELOP = [Requirement(line) for line in PROJECT["optional-dependencies"]["dev"]]


@pytest.mark.parametrize("needed", NEEDED + NEEDED_TO_DEVELOP, ids=lambda one: one.name)
def test_lock_holds_a_version_that_fits(needed):
    lock = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(needed.name)}==([^ ;]+)", lock, re.MULTILINE)
    assert found, "run: make lock"
    assert needed.specifier.contains(found[1]), "run: make lock"


def test_lock_is_hashed_and_names_no_registry():
    for name in ("constraints.txt", "constraints-build.txt"):
        lock = (ROOT / name).read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z][^\n]*==[^\n]*\n +--hash=sha256:", lock, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[a-z]", lock, re.MULTILINE)) > 0
        assert "://" not in lock


def test_every_dependency_is_accounted_for():
    note = (ROOT / "docs/decisions/0001-dependencies.md").read_text(encoding="utf-8")
    for needed in NEEDED:
        assert re.search(rf"^\| [^|]*\b{re.escape(needed.name)}\b", note, re.MULTILINE), needed.name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy: building leaves files beside the sources."""
    pytest.importorskip("setuptools", minversion="77", reason="make setup installs it")
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("pipeline", "models"):
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=skipped)
    build = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, str(source / "dist")],
        cwd=source, check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    (built,) = (source / "dist").glob("*.whl")
    return built


@needs_model
def test_every_module_and_data_file_travels(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pipeline").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {f"pipeline/default_model/{path.name}" for path in MODEL.iterdir()}
    assert wanted - packed == set()


@needs_model
def test_nothing_else_travels(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pipeline"}


@needs_model
def test_unpacked_wheel_classifies_elsewhere(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (tmp_path / "work").mkdir()
    export = tmp_path / "work" / "export.csv"
    export.write_text("id,text\n1,包裹一直没到\n2,the kettle is broken\n", encoding="utf-8")
    program = "import sys; from pipeline.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, "classify", "export.csv", "--out", "out"],
        cwd=tmp_path / "work",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True, text=True, encoding="utf-8", timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "work" / "out" / "triaged.csv").read_text("utf-8-sig").splitlines()
    assert len(lines) == 3
