"""What a model of today says of a signed clip that another one has judged."""
