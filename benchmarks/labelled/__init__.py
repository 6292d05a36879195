"""Labelled logs of other projects, read as questions to our parsers and rules. One module for each kind of label."""
