"""Command lines of scripts: what is read without a shell, and why the rest is refused."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.apps.node.command import NeedsShellError, Simple, parse


@pytest.mark.parametrize(
    ("line", "env", "words"),
    [
        ("node server.js", {}, ["node", "server.js"]),
        ("  node   a.js\t--x ", {}, ["node", "a.js", "--x"]),
        ("NODE_ENV=production node a.js", {"NODE_ENV": "production"}, ["node", "a.js"]),
        ("A=1 B='x y' node a.js C=3", {"A": "1", "B": "x y"}, ["node", "a.js", "C=3"]),
        ("""node "my file.js" 'and $this'""", {}, ["node", "my file.js", "and $this"]),
        (r"node my\ file.js \$x", {}, ["node", "my file.js", "$x"]),
        (r'''node "a\"b" "c\d"''', {}, ["node", 'a"b', r"c\d"]),
        ("node ''", {}, ["node", ""]),
        ("node a'b'\"c\"d", {}, ["node", "abcd"]),
        ("'A=1' node", {}, ["A=1", "node"]),
        ("node a#b x~", {}, ["node", "a#b", "x~"]),
        ("A= node a.js", {"A": ""}, ["node", "a.js"]),
    ],
)
def test_simple_commands(line: str, env: dict[str, str], words: list[str]) -> None:
    assert parse(line) == (Simple(tuple(env.items()), tuple(words)),)


def test_commands_joined_by_and() -> None:
    assert [c.words for c in parse("npm run build && node a.js&&x")] == [
        ("npm", "run", "build"), ("node", "a.js"), ("x",),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("node a.js | pino-pretty", "pipes"),
        ("node a.js || true", "second choice"),
        ("node a.js; node b.js", "one after the other"),
        ("node a.js &", "background"),
        ("node a.js > log", "redirects output"),
        ("node a.js 2>&1", "redirects output"),
        ("node a.js < in", "redirects input"),
        ("(cd x && node a.js)", "subshell"),
        ("node a.js --port $PORT", r"variable of the shell \(\$PORT\)"),
        ("node a.js --port ${PORT:-3000}", r"\(\$\{PORT:-3000\}\)"),
        ('node "a $x"', "variable"),
        ("node $(which a)", r"\$\(\.\.\.\)"),
        ("node `which a`", "output into the line"),
        ('node "`which a`"', "output into the line"),
        ("node dist/*.js", r"pattern of file names \(\*\)"),
        ("node a?.js", "pattern"),
        ("node ~/a.js", "home folder"),
        ("# node a.js", "comment"),
        ("node a\nnode b", "several lines"),
        ("node 'a", "not closed"),
        ('node "a', "not closed"),
        ("", "empty"),
        ("&& node", "only one side"),
        ("node &&", "only one side"),
        ("x" * 5000, "longer than"),
    ],
)
def test_lines_that_need_a_shell(line: str, reason: str) -> None:
    with pytest.raises(NeedsShellError, match=reason):
        parse(line)


WORDS = st.text(alphabet="ab$*|&;<>()`'\"\\ ~#?[]=-./{}!\u00e4", max_size=12)


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_quoted_words_come_back(words: list[str]) -> None:
    found = parse(shlex.join(["node", *words]))
    assert found == (Simple((), ("node", *words)),)


@given(st.text(alphabet="ab '\"\\=~#{}!", min_size=1, max_size=14))
@settings(max_examples=60, deadline=None)
def test_a_shell_reads_the_same(text: str) -> None:
    """The words that a POSIX shell passes on are those that are read here."""
    try:
        (found,) = parse(f"printf '%s\\n' x {text}")
    except NeedsShellError:
        return
    line = f"printf '%s\\n' x {text}"
    done = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, env={"HOME": "/"}
    )
    assert done.stdout == "".join(f"{word}\n" for word in found.words[2:])
