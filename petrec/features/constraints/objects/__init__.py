"""The objects that petrec creates: each reads its state from the catalog, and knows its steps."""
