"""The SunSpec models that are used, with SunSpec's own names of their points.

Source: SunSpec Information Model Reference; offsets count from the register of the model's id.
"""

from xmpp_cem.drivers.sunspec.points import Kind, Model, Point

NAMEPLATE = Model(
    (120,), {"WRtg": Point(3, Kind.UINT16, "WRtg_SF"), "WRtg_SF": Point(4, Kind.SUNSSF)}
)
"""Ratings of older inverters."""

SETTINGS = Model(
    (121,), {"WMax": Point(2, Kind.UINT16, "WMax_SF"), "WMax_SF": Point(22, Kind.SUNSSF)}
)
"""What 100 % is in model 123."""

INVERTER = Model(
    (101, 102, 103),
    {
        "W": Point(14, Kind.INT16, "W_SF"),
        "W_SF": Point(15, Kind.SUNSSF),
        "WH": Point(24, Kind.ACC32, "WH_SF"),
        "WH_SF": Point(26, Kind.SUNSSF),
        "St": Point(38, Kind.ENUM16),
    },
)
"""Measurements of inverters with one, two or three phases."""

CONTROLS = Model(
    (123,),
    {
        "WMaxLimPct": Point(5, Kind.UINT16, "WMaxLimPct_SF"),
        "WMaxLimPct_WinTms": Point(6, Kind.UINT16),
        "WMaxLimPct_RvrtTms": Point(7, Kind.UINT16),
        "WMaxLimPct_RmpTms": Point(8, Kind.UINT16),
        "WMaxLim_Ena": Point(9, Kind.ENUM16),
        "WMaxLimPct_SF": Point(23, Kind.SUNSSF),
    },
)
"""Immediate controls of older inverters."""

DER_MEASUREMENT = Model(
    (701,),
    {
        "InvSt": Point(4, Kind.ENUM16),
        "ConnSt": Point(5, Kind.ENUM16),
        "W": Point(10, Kind.INT16, "W_SF"),
        "TotWhInj": Point(19, Kind.UINT64, "TotWh_SF"),
        "TotWhAbs": Point(23, Kind.UINT64, "TotWh_SF"),
        "W_SF": Point(116, Kind.SUNSSF),
        "TotWh_SF": Point(120, Kind.SUNSSF),
    },
)
"""Measurements of devices after IEEE 1547-2018."""

DER_CAPACITY = Model(
    (702,),
    {
        "WMaxRtg": Point(2, Kind.UINT16, "W_SF"),
        "WChaRteMaxRtg": Point(10, Kind.UINT16, "W_SF"),
        "WDisChaRteMaxRtg": Point(11, Kind.UINT16, "W_SF"),
        "WMax": Point(26, Kind.UINT16, "W_SF"),
        "W_SF": Point(45, Kind.SUNSSF),
    },
)
"""Ratings; `WMax` is what 100 % is in model 704."""

DER_CONTROLS = Model(
    (704,),
    {
        "WMaxLimPctEna": Point(14, Kind.ENUM16),
        "WMaxLimPct": Point(15, Kind.UINT16, "WMaxLimPct_SF"),
        "WMaxLimPctRvrt": Point(16, Kind.UINT16, "WMaxLimPct_SF"),
        "WMaxLimPctEnaRvrt": Point(17, Kind.ENUM16),
        "WMaxLimPctRvrtTms": Point(18, Kind.UINT32),
        "WSetEna": Point(22, Kind.ENUM16),
        "WSetMod": Point(23, Kind.ENUM16),
        "WSet": Point(24, Kind.INT32, "WSet_SF"),
        "WSetRvrt": Point(26, Kind.INT32, "WSet_SF"),
        "WSetPct": Point(28, Kind.INT16, "WSetPct_SF"),
        "WSetPctRvrt": Point(29, Kind.INT16, "WSetPct_SF"),
        "WSetEnaRvrt": Point(30, Kind.ENUM16),
        "WSetRvrtTms": Point(31, Kind.UINT32),
        "WMaxLimPct_SF": Point(54, Kind.SUNSSF),
        "WSet_SF": Point(55, Kind.SUNSSF),
        "WSetPct_SF": Point(56, Kind.SUNSSF),
    },
)
"""Controls: a limit of generation in per cent, or a set point in W."""

DER_STORAGE = Model(
    (713,),
    {
        "WHRtg": Point(2, Kind.UINT16, "WH_SF"),
        "WHAvail": Point(3, Kind.UINT16, "WH_SF"),
        "SoC": Point(4, Kind.UINT16, "Pct_SF"),
        "Sta": Point(6, Kind.ENUM16),
        "WH_SF": Point(7, Kind.SUNSSF),
        "Pct_SF": Point(8, Kind.SUNSSF),
    },
)
"""Stored energy."""

ALL = (
    NAMEPLATE,
    SETTINGS,
    INVERTER,
    CONTROLS,
    DER_MEASUREMENT,
    DER_CAPACITY,
    DER_CONTROLS,
    DER_STORAGE,
)
