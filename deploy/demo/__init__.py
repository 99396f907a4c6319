"""The loop end to end on a file of labelled texts, through public doors only."""
