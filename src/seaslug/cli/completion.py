"""seaslug completion: completion scripts for bash, zsh and fish."""

from __future__ import annotations

import argparse

from seaslug.cli.context import Context

HELP = "Print the completion script for a shell."
EXAMPLES = """\
  seaslug completion bash > ~/.local/share/bash-completion/completions/seaslug
  seaslug completion zsh > ~/.zfunc/_seaslug
  seaslug completion fish > ~/.config/fish/completions/seaslug.fish
"""

_BASH = """\
# bash completion for seaslug
_seaslug() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}}
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$word"))
        return
    fi
    case "$command" in
{cases}
    esac
}}
complete -o default -F _seaslug seaslug
"""

_ZSH = """\
#compdef seaslug
# zsh completion for seaslug
_seaslug() {{
    if (( CURRENT == 2 )); then
        compadd {commands}
        return
    fi
    case "$words[2]" in
{cases}
    esac
    _files
}}
_seaslug "$@"
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the script."""
    words = {name: _words(name) for name in _commands()}
    names = " ".join(words)
    if args.shell == "bash":
        cases = "\n".join(
            f'    {name}) COMPREPLY=($(compgen -W "{" ".join(found)}" -- "$word")) ;;'
            for name, found in words.items()
        )
        context.out(_BASH.format(commands=names, cases=cases).rstrip("\n"))
    elif args.shell == "zsh":
        cases = "\n".join(
            f"    {name}) compadd -- {' '.join(found)} ;;" for name, found in words.items()
        )
        context.out(_ZSH.format(commands=names, cases=cases).rstrip("\n"))
    else:
        context.out("\n".join(_fish(words)))
    return 0


def _commands() -> tuple[str, ...]:
    from seaslug.cli.main import COMMANDS

    return COMMANDS


def _words(command: str) -> list[str]:
    """Return the options of *command* and, where it takes a SUBJECT, the family's members."""
    from importlib import import_module

    from seaslug.cli.options import parser_for
    from seaslug.recipe import catalog

    parser = parser_for(command, import_module(f"seaslug.cli.{command}"))
    shown = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    found = [o for action in shown for o in action.option_strings if o.startswith("--")]
    if any(action.dest == "subject" for action in parser._actions):
        found += list(catalog.members())
    return found


def _fish(words: dict[str, list[str]]) -> list[str]:
    from seaslug.cli.main import GROUPS

    rows = ["# fish completion for seaslug", "complete -c seaslug -f -n __fish_use_subcommand"]
    for _, group in GROUPS:
        rows += [
            f"complete -c seaslug -n __fish_use_subcommand -a {n} -d {_quoted(text)}"
            for n, text in group
        ]
    for name, found in words.items():
        inside = f"'__fish_seen_subcommand_from {name}'"
        rows += [f"complete -c seaslug -n {inside} -l {w[2:]}" for w in found if w.startswith("--")]
        rows += [f"complete -c seaslug -n {inside} -a {w}" for w in found if not w.startswith("--")]
    return rows


def _quoted(text: str) -> str:
    """Return *text* as one word for fish, which escapes quotes inside quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
