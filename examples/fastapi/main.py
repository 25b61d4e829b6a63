"""A small API: run it with `seaslug run` in this folder, then ask it for /hello?name=you."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI(title="hello")


class Greeting(BaseModel):
    """What is answered."""

    text: str
    length: int


@app.get("/hello")
async def hello(name: str = "world") -> Greeting:
    """Greet *name*."""
    text = f"Hello, {name}!"
    return Greeting(text=text, length=len(text))


@app.get("/health")
async def health() -> dict[str, str]:
    """Answer the health check."""
    return {"status": "ok"}
