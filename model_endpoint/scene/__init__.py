"""What a photo shows, as maps: sky, water, subject, horizon, depth and faces."""
