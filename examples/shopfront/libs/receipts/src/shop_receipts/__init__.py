"""Order receipts that a customer can prove to be ours."""
