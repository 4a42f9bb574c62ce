"""What is said about the shop."""
