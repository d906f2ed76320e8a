"""A module that a program under control imports."""
