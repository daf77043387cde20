"""Tests of the bridge between machines."""
