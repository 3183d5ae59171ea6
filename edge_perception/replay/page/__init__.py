"""A replay as one page of HTML that needs nothing else."""
