from __future__ import annotations

from shop_cli.commands import main

if __name__ == "__main__":
    main()
