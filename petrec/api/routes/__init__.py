"""How the operations hang on paths: parameters in, bytes out."""
