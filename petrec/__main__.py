"""Entry point of the `petrec` command and of `python -m petrec`."""

from petrec.cli.main import main

if __name__ == "__main__":
    main()
