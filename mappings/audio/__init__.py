"""What sound is, in numbers: streaming features, onsets and beats in plain numpy, and the devices and files sound comes from."""
