"""Finding cheaply what a rule cannot match, so that its query runs on the rest alone."""
