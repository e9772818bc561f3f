"""The engines that turn a photo and a direction into a clip."""
