"""Where the thumbnail is: the engine takes it there, and the reader foresees the bytes."""

THUMBNAIL_SHARE = 0.1
"""Position of the thumbnail as a share of the duration, as in the legacy API: past black frames."""

PRE_ROLL_S = {"mpeg-ts": 12.0, "mpeg-ps": 12.0, "avi": 1.0}
"""Seconds to seek before the wanted moment, in containers with an inexact index.

MPEG streams have no index, so a seek may land anywhere. AVI's index counts coded frames, and DivX
packs two pictures into one. The values cover the old and broadcast files that were measured.
"""
