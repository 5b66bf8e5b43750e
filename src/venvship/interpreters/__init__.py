"""What a Python interpreter tree holds and how it is made relocatable."""
