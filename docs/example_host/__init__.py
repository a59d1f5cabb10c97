"""A host application that mounts petrec's router; run by the tests."""
