"""The planner's third way: sub-plans that mean the same in a columnar engine, each run as one task of Polars.

`translate` turns recorded operations into `values`, which are expressions over `relations`; `rules` says how, one
family of operations each. `stages` finds the sub-plans and lowers them, `query` is the task that runs one, `dtypes` and
`hand_over` bring columns from pandas to Polars and back. What a rule refuses runs as before, on the sub-plan's results.

Columns stand for what pandas has: what is missing is null (never NaN), and each knows the dtype that pandas gives it.
"""
