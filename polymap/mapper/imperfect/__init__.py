"""The mapspace of imperfect factors: trips that cover their rank without dividing it. See docs/design/mapper.md."""
