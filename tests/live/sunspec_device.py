"""A simulated SunSpec device behind pymodbus's server: `sunspec_device.py KIND PORT [UNTIMED]`.

`pv-123` is an older inverter (models 1, 103, 120, 121, 123) whose marker stands at 50000, `pv-704`
and `battery-704` are newer (1, 701, 702, 704; the battery 713 too). Sun and load stand still: free,
a plant generates 4000 W and the battery rests. Set points end when their reversion timer ends.
"""

import asyncio
import sys
import time

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

SUN_W = 4000


def words(number, count):
    return [number >> 16 * shift & 0xFFFF for shift in range(count - 1, -1, -1)]


def model(number, length, **values):
    """Return a model whose points are absent but for `at_OFFSET=(number, words)`."""
    made = [number, length] + [0xFFFF] * length
    for name, (value, count) in values.items():
        at = int(name.removeprefix("at_"))
        made[at : at + count] = words(value, count)
    return made


def common():
    return model(1, 66)


def older():
    sf = -1
    return {
        1: common(),
        103: model(
            103, 50, at_14=(0, 1), at_15=(1, 1), at_24=(5000, 2), at_26=(0, 1), at_38=(4, 1)
        ),
        120: model(120, 26, at_3=(500, 1), at_4=(1, 1)),
        121: model(121, 30, at_2=(5000, 1), at_22=(0, 1)),
        123: model(123, 24, at_5=(1000, 1), at_7=(0, 1), at_9=(0, 1), at_23=(sf, 1)),
    }


def newer(charge_w):
    controls = {"at_14": (0, 1), "at_15": (1000, 1), "at_18": (0, 2), "at_22": (0, 1)}
    controls |= {"at_24": (0, 2), "at_31": (0, 2), "at_54": (-1, 1), "at_55": (0, 1)}
    models = {
        1: common(),
        701: model(
            701,
            153,
            at_4=(3, 1),
            at_5=(1, 1),
            at_10=(0, 1),
            at_19=(7, 4),
            at_23=(3, 4),
            at_116=(0, 1),
            at_120=(3, 1),
        ),
        702: model(702, 50, at_2=(5000, 1), at_26=(5000, 1), at_45=(0, 1)),
        704: model(704, 65, **controls),
    }
    if charge_w:
        models[702][10:12] = [charge_w, 5000]
        models[713] = model(
            713, 7, at_2=(100, 1), at_3=(50, 1), at_4=(50, 1), at_7=(2, 1), at_8=(0, 1), at_6=(0, 1)
        )
    return models


class Device:
    def __init__(self, kind):
        self.kind = kind
        self.base = 50_000 if kind == "pv-123" else 40_000
        models = older() if kind == "pv-123" else newer(4000 if kind == "battery-704" else 0)
        self.image = [0x5375, 0x6E53]
        self.at = {}
        for number, image in models.items():
            self.at[number] = len(self.image)
            self.image += image
        self.image += [0xFFFF, 0]
        self.ends = {}

    def spot(self, number, offset):
        return self.at[number] + offset

    async def act(self, _function, start, address, _count, registers, values):
        """Let time pass, then note which timers a write arms."""
        now = time.monotonic()
        for enable, ends in list(self.ends.items()):
            if now >= ends:
                registers[enable] = 0
                del self.ends[enable]
        if values is not None:
            self.armed(address - start, list(values), registers, now)
        self.generate(registers)

    def armed(self, first, values, registers, now):
        after = list(registers)
        after[first : first + len(values)] = values
        for enable, timer, size in self.timers():
            if not first <= enable < first + len(values):
                continue
            self.ends.pop(enable, None)
            seconds = after[timer] if size == 1 else after[timer] << 16 | after[timer + 1]
            if after[enable] == 1 and 0 < seconds < (1 << 16 * size) - 1:
                self.ends[enable] = now + seconds

    def timers(self):
        if self.kind == "pv-123":
            return [(self.spot(123, 9), self.spot(123, 7), 1)]
        return [
            (self.spot(704, 14), self.spot(704, 18), 2),
            (self.spot(704, 22), self.spot(704, 31), 2),
        ]

    def generate(self, registers):
        if self.kind == "pv-123":
            made = SUN_W
            if registers[self.spot(123, 9)] == 1:
                made = min(made, 5000 * registers[self.spot(123, 5)] // 1000)
            registers[self.spot(103, 14)] = made // 10
            return
        made = 0 if self.kind == "battery-704" else SUN_W
        if registers[self.spot(704, 14)] == 1:
            made = min(made, 5000 * registers[self.spot(704, 15)] // 1000)
        if registers[self.spot(704, 22)] == 1:
            made = registers[self.spot(704, 24)] << 16 | registers[self.spot(704, 25)]
        registers[self.spot(701, 10)] = made & 0xFFFF


async def main(kind, port, *untimed):
    device = Device(kind)
    if untimed:
        for _, timer, size in device.timers():
            device.image[timer : timer + size] = [0xFFFF] * size
    data = SimData(device.base, values=device.image, datatype=DataType.REGISTERS)
    sim = SimDevice(1, simdata=[data], action=device.act)
    server = ModbusTcpServer(sim, address=("127.0.0.1", int(port)))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
