from xmpp_cem.model.reading import Quality, Reading


def test_an_unknown_register_is_not_zero():
    reading = Reading.model_validate(
        {
            "resource": "pv-1",
            "window": {"start": "2026-01-31T11:45:00Z", "end": "2026-01-31T12:00:00Z"},
            "power_w": 0,
        }
    )
    assert reading.import_wh is None
    assert (reading.quality, reading.expected, reading.reporting) == (Quality.VALID, 1, 1)
