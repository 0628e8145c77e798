"""`python -m deepprune_adapters.cli`: the `deepprune` command where no script is on the path."""

from deepprune_adapters.cli import main

if __name__ == "__main__":
    main()
