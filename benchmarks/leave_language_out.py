"""What a language loses that the corpus does not hold.

    python benchmarks/leave_language_out.py LABELLED.jsonl pt id tr fr

For each language a model is trained on data/corpus without its files, and judged on the labelled
tickets of that language beside the model that ships, with the encoder on. Takes some minutes
for each language.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: As `make model` trains.
OPTIONS = ("--from-nothing", "--budget", "0", "--keep-leaks", "--force", "--mix")
MIX = "quality=.5,logistics=.17,service=.1,policy=.14,other=.09"


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)


def judge(model: Path, labelled: str, folder: Path) -> dict[str, dict[str, float]]:
    found = folder / "metrics.json"
    run("-m", "pipeline", "evaluate", str(model), labelled, "--encoder", "on", "--out", str(found))
    result: dict[str, dict[str, float]] = json.loads(found.read_bytes())["by_language"]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("labelled")
    parser.add_argument("languages", nargs="+")
    given = parser.parse_args()
    labelled = str(Path(given.labelled).resolve())
    print(f"{'language':<10}{'tickets':>8}{'with it':>10}{'without':>10}{'loss':>8}   macro-F1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = judge(ROOT / "models/default", labelled, folder)
        for language in given.languages:
            files = sorted(map(str, ROOT.glob("data/corpus/*/*.jsonl")))
            rest = [path for path in files if Path(path).stem != language]
            run("train.py", *rest, "--out", str(folder / language), *OPTIONS, MIX)
            without = judge(folder / language, labelled, folder)[language]["macro_f1"]
            one = whole[language]
            print(
                f"{language:<10}{one['tickets']:>8}{one['macro_f1']:>10.3f}{without:>10.3f}"
                f"{one['macro_f1'] - without:>8.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
