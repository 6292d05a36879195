"""Where bytes come from: files and the journal, cut into segments that are kept as they were."""
