"""What a user of a notebook or terminal sees: magics, progress, tracebacks, the alias ``mars``. Nothing imports this package
but `mars_nb._wiring` and the extension's entry points."""
