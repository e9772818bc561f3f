"""Reading Content Credentials: whoever signs, and whoever relies on a signature."""
