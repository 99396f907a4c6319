"""The loop end to end on a file of texts with their answers, through public doors only."""
