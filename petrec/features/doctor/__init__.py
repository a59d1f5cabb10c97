"""Whether server, role, tables and settings fit, each finding with its fix; and grants."""
