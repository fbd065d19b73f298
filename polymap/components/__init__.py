"""Energy, area, leakage and delay of hardware: models of components, and which one answers."""
