"""What ships for production, looked at by the field's own linters: `make lint-deploy`."""
