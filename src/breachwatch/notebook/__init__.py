"""The front door for notebooks: a session over one workspace."""
