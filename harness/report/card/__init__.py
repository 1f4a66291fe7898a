"""The model card of an adapter: every number comes from a record, and what is missing is said."""
