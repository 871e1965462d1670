"""Programs of our own that try the sandbox: `reaching`, `ending`, `forging` and `leaving` are hostile, `honest` not."""
