"""The gate of a pipeline: rules with limits, a baseline of known debt."""
