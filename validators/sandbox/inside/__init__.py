"""What runs inside the sandbox. The standard library alone: nothing else of the project is mounted there."""
