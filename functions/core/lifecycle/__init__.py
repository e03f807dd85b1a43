"""The life of a video: every way in which its record may change.

Each function takes a record and returns the changed record, or the `Refusal` that says why it may
not change. No function here reads a clock, a database or a queue. `Catalog.save` writes the
returned record only if the stored one is still as it was read.

    pending -> processing -> done | failed
    failed -> pending (retry)        done -> pending (reprocess)

- `moves`: the outcome of a rule
- `announcement`: the new record and its upload window
- `attempts`: a worker's attempt, from the claim of the lease to its end
- `polling`: when workers without events look again
- `restarts`: retry and reprocess
- `replays`: events that Clipo sends by itself
- `stuck`: what upkeep does with a video that no event moves
- `deliveries`: the webhook of a result
"""
