"""How far the SRAM model is from CACTI off its table, how far sources lie apart, and how long questions take.

    python benchmarks/components              all tables
    python benchmarks/components --errors     leave-one-out and hold-out errors of the SRAM table
    python benchmarks/components --sources    models of one class beside each other
    python benchmarks/components --times      microseconds per question

Errors are |predicted / CACTI - 1| in percent. Times vary with the machine; nothing here is a test.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from errors import errors
from sources import sources
from times import times

import polymap as pm


def main() -> None:
    """Print what the arguments ask for, or everything."""
    parser = argparse.ArgumentParser(
        prog="benchmarks/components", description="Accuracy and speed of component models."
    )
    parts = {"errors": errors, "sources": sources, "times": times}
    for name in parts:
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    asked = [part for name, part in parts.items() if getattr(options, name)] or list(parts.values())
    for part in asked:
        print("\n".join(part()), end="\n\n", flush=True)
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, polymap {pm.__version__}")


if __name__ == "__main__":
    main()
