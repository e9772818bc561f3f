"""What a face may do: each feature a module of its own, all on the points of MediaPipe's mesh."""
