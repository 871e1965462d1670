"""seedfactory: the validators, which judge one sample each, and the sandbox they run code in."""
