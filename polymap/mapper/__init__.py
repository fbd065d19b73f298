"""The mapper: optimal mappings with a proof. See docs/design/mapper.md."""
