"""The plug-in `simulated`: resources without devices, for trials and demonstrations."""

from xmpp_cem.drivers.plugin import DriverPlugin
from xmpp_cem.drivers.simulated_config import SimulatedConfig, build

PLUGIN = DriverPlugin(SimulatedConfig, build)
