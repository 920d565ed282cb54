"""Mutation tests of what decides in the firmware: MUTANTS.md."""
