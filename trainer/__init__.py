"""seedfactory: the trainer, which reads finished snapshots and runs the stages of training."""
