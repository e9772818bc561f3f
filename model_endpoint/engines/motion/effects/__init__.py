"""What moves in a clip besides the camera, one module a family of motions."""
