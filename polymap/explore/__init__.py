"""Many questions at once: networks of layers, worker processes, answers kept from before."""
