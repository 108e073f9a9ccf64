from xmpp_cem import OptIn, OptOut, Sample, Ven

ven = Ven("site.toml")
charger = {"power_w": 11_000}


@ven.on_event  # what do we answer? power_w is the change asked of us, in W
async def decide(event, power_w):
    return OptIn(power_w) if power_w > -8_000 else OptOut("the car must be ready by seven")


@ven.on_set_point  # called every second; None means: free
async def act(set_point):
    charger["power_w"] = 11_000 if set_point.power_w is None else set_point.power_w


@ven.meter
async def read():
    return [Sample(resource="charger", power_w=charger["power_w"], decrease_w=charger["power_w"])]


if __name__ == "__main__":
    ven.run()
