"""What component models predict beside what chips were published with: raw, and calibrated to one figure of each group.

python benchmarks/validation          the table of docs/design/components_validation.md
python benchmarks/validation --write  writes it there
python benchmarks/validation --chips  the table of docs/design/eyeriss_validation.md: a chip with its layers mapped
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from chips import table
from compare import document

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "design" / "components_validation.md"


def main() -> None:
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(document(), encoding="utf-8")
    elif sys.argv[1:] == ["--chips"]:
        print("\n".join(table()))
    else:
        print(document())


if __name__ == "__main__":
    main()
