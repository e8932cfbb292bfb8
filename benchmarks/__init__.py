"""The project's own benchmark: each figure beside its floor, the plainest program that could do the job, in one run."""
