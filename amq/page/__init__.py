"""A page that shows a queue in a browser: `amq page` serves it on this machine, `amq export --html` writes it down.

Only `server`, `app` and `limits` need Starlette and uvicorn, which come with the extra `page`.
"""
