"""A server for compilers: JSON-RPC 2.0, one request per line, one answer per line."""
