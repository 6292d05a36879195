"""What people do with alerts and incidents: the steps of a case, its verdict, its people, its work."""
