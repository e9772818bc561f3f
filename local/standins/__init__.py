"""Stand-ins for the AI services of AWS: real wire formats, with real models behind them."""
