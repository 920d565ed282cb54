"""What runs on the laptop: the simulator, and the tools that build, prove and configure the device."""

import os

# Pictures go into files, whatever screen or backend the caller has: matplotlib reads this when it is imported.
os.environ["MPLBACKEND"] = "agg"
