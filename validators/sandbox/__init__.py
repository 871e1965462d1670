"""Running untrusted code: `python` executes, `values` judges what came back, `inside` runs in the sandbox."""
