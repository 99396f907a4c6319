"""A small real language model on this machine, for whoever asks for it: `MODEL=smollm2`."""
