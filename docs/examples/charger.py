"""A driver for `driver = "script"`: replace `charger` by what reaches your device."""

import json
import sys

charger = {"limit_w": 11_000, "wanted_w": 11_000}


def describe():
    return {
        "kind": "ev",
        "rated_import_w": 11_040,
        "rated_export_w": 0,
        "least_import_w": 4_140,  # 6 A on each of three phases
        "reverts_after_s": 120,  # the charger's own timer
    }


def read():
    power_w = min(charger["limit_w"], charger["wanted_w"])
    return {"power_w": power_w, "increase_w": 11_040 - power_w, "decrease_w": power_w}


def answer(question):
    match question["do"]:
        case "describe":
            return describe()
        case "read":
            return read()
        case "apply":
            charger["limit_w"] = question["power_w"]
        case "release":
            charger["limit_w"] = 11_040
    return {}


for line in sys.stdin:  # it ends when the VEN ends
    question = json.loads(line)
    print(json.dumps({"id": question["id"], **answer(question)}), flush=True)
