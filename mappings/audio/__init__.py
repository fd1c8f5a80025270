"""What sound is, in numbers: features, onsets and beats in plain numpy; and the devices and files it comes from."""
