"""The closed loop: answers are judged, mined and trained on, and the adapter is gated, round after
round."""
