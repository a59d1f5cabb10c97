"""What petrec does, one package per feature; the features that write share `runs`."""
