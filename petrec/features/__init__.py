"""What petrec does, one package a feature; runs are what those that write share."""
