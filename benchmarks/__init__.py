"""Speed and memory tables; ``make bench`` prints them all.

All that is compared runs in turns in one go, because machines are shared and noisy: read the
ratios, not the seconds.
"""
