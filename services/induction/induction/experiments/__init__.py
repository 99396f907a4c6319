"""Two versions on live traffic: who gets which, what their outcomes say, and what follows."""
