"""What the user of a notebook or terminal sees: magics, progress, tracebacks, the alias ``mars``.

`extension` sets magics and alias up; `progress` and `tracebacks` are called by `mars_nb._wiring`. Nothing else imports
this package.
"""
