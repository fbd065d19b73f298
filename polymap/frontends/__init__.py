"""What others write, in polymap's terms: networks as einsums (`reading`), other tools' files (one room per tool)."""
