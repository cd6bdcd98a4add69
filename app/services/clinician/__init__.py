"""What a clinician does who launches Baton from her EHR: for the one patient of her launch, and for nobody else."""
