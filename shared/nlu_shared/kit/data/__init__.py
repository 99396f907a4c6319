"""PostgreSQL: the door, the one commit, many writes in one, migrations, pages."""
