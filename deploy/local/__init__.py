"""The whole product on one machine: real PostgreSQL and Redis, both services, one command.

Not here: what the services do. They are started as programs and addressed over HTTP.
"""
