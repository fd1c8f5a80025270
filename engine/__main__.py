"""`python -m engine` is the command `latenz`."""

from engine.cli import main

if __name__ == "__main__":
    main()
