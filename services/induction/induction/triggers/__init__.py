"""When a run starts by itself: asked by a job after approvals and by a clock, decided purely."""
