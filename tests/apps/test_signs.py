"""Ports, health checks and their paths, by literals in sources."""

from __future__ import annotations

import pytest

from seaslug.apps.signs import Signs, signs


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ('http.ListenAndServe(":8080", nil)', (8080,)),
        ('addr := flag.String("addr", "0.0.0.0:9000", "address")', (9000,)),
        ('http.ListenAndServe("127.0.0.1:8080", nil)', ()),
        ('ListenAndServe(":8080", nil)\nListenAndServe(":9090", nil)', ()),
        ('ListenAndServe(":8080", nil)\nflag.String("a", ":8080", "")', (8080,)),
        ('// ListenAndServe(":8080", nil)', ()),
        ('fmt.Println("at :8080")', ()),
        ('parse(":8080")', ()),
        ("let addr = SocketAddr::from(([0, 0, 0, 0], 3000));", (3000,)),
        ('TcpListener::bind("0.0.0.0:7878")', (7878,)),
        ('env::var("PORT").unwrap_or_else(|_| "8000".to_string())', (8000,)),
        ('http.ListenAndServe(":99999", nil)', ()),
    ],
)
def test_ports(text: str, ports: tuple[int, ...]) -> None:
    assert signs([text]).ports == ports


@pytest.mark.parametrize(
    ("text", "own", "path"),
    [
        ('flag.Bool("health-check", false, "")', "--health-check", ""),
        ('if os.Args[1] == "--healthcheck" {', "--healthcheck", ""),
        ('if os.Args[1] == "healthcheck" {', "", ""),
        ('cmd.Flags().BoolVar(&check, "health-check", false, "")', "--health-check", ""),
        ('#[arg(long = "health-check")]', "--health-check", ""),
        ('mux.HandleFunc("/healthz", h)', "", "/healthz"),
        ('mux.HandleFunc("GET /livez", h)\nmux.HandleFunc("/health", h)', "", "/health"),
        ('// flag.Bool("health-check")', "", ""),
        ('get("/healthy")', "", ""),
    ],
)
def test_health(text: str, own: str, path: str) -> None:
    assert signs([text]) == Signs((), own, path)
