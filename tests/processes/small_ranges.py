"""A worker that includes this module rescores in small ranges, so that it can be killed between many of them."""

import os

from handoff.queue import rebasing

rebasing.RANGE = 2_000 if os.environ.get("HANDOFF_LONG") else 100
rebasing.FEW = rebasing.RANGE // 20  # else so small a range would be scored one by one
