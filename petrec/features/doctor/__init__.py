"""Checks of server, role, tables and settings, each with its fix; and scripts of grants."""
