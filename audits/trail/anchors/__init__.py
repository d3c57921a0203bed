"""Anchors: places without internet that keep our checkpoints, and the comparison with what they kept."""
