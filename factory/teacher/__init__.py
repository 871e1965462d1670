"""What generators and validators ask: models, prompts, and the teacher that joins them."""
