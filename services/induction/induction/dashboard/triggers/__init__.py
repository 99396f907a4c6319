"""When a task's runs start by themselves."""
