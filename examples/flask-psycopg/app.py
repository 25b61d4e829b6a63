"""Flask and PostgreSQL: psycopg finds Debian's libpq, which seaslug adds for it."""

import os

import psycopg
from flask import Flask

app = Flask(__name__)


@app.get("/now")
def now() -> dict[str, str]:
    """Ask the database for its time."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute("select now()::text").fetchone()
    return {"now": row[0] if row else ""}


@app.get("/libpq")
def libpq() -> dict[str, int]:
    """Tell which libpq was loaded."""
    return {"version": psycopg.pq.version()}


@app.get("/health")
def health() -> dict[str, str]:
    """Answer the health check."""
    return {"status": "ok"}
