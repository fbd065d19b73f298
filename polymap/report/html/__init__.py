"""Reports as one HTML file that needs no network: results, networks of layers, fronts, comparisons."""
