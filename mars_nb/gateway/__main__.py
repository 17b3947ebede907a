"""``python -m mars_nb.gateway`` is ``mars-nb-cluster``."""

from mars_nb.gateway.cli import main

main(prog_name="mars-nb-cluster")
