"""``python -m mailround.cli``: the command for programs that know their interpreter and no path of scripts."""

from mailround.cli import app

if __name__ == "__main__":
    app()
