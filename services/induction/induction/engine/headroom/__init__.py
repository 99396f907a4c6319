"""What a prompt could gain, measured with few calls before a run is paid for."""
