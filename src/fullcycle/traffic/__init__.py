"""What production produces: the decisions that were answered and the outcomes that came back.

Writers append to segments of their own (`append`), a compactor moves these into two open tables (`compact`), and readers
take a cut and read each row once, wherever it lies (`read`), folded to one row for each decision that counts (`match`).
The tables are Delta Lake over Parquet: any engine reads them.
"""
