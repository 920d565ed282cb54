"""What runs on the laptop: the simulator, and the tools that build, prove and configure the device."""
