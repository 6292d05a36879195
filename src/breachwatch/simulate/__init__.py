"""A seeded synthetic city with planted attacks and ground truth."""
