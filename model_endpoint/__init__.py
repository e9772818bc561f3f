"""The SageMaker container: its server, its engines and the scene analysis they share."""
