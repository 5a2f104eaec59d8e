"""The artifacts as types: a module for each schema of `schemas/v1`."""
