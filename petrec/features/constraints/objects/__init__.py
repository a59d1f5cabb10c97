"""The objects that petrec makes: each judges the catalog, and knows how to come and to go."""
