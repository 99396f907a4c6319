"""Two versions on live traffic: ordered, watched, stopped."""
