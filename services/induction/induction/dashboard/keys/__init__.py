"""Who may open what: keys, with their scopes in words."""
