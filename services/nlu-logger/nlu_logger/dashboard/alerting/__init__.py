"""Alert rules, their incidents, and where notices of them go."""
