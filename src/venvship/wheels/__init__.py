"""Lock files, wheel file names, manifests of wheels, and which wheel a platform gets."""
