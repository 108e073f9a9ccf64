"""A script driver and its device: `timed_charger.py FILE`; the device is what FILE says.

The file holds the set point and until when the device's own timer lets it stand. Free, it draws
11000 W. The device has no process of its own, so that nothing but time can end its set point.
"""

import json
import sys
import time
from pathlib import Path

FREE_W, REVERTS_AFTER_S = 11_000, 2.0


def power_of(file):
    """Return what the device draws now, W."""
    try:
        said = json.loads(file.read_text())
    except (OSError, ValueError):
        return FREE_W
    return said["power_w"] if time.time() < said["until"] else FREE_W


def told(file, power_w):
    made = file.with_suffix(".new")
    made.write_text(json.dumps({"power_w": power_w, "until": time.time() + REVERTS_AFTER_S}))
    made.replace(file)


def answer(question, file):
    match question["do"]:
        case "describe":
            return {
                "kind": "ev",
                "rated_import_w": FREE_W,
                "rated_export_w": 0,
                "reverts_after_s": REVERTS_AFTER_S,
            }
        case "read":
            power_w = power_of(file)
            return {"power_w": power_w, "increase_w": FREE_W - power_w, "decrease_w": power_w}
        case "apply":
            told(file, question["power_w"])
        case "release":
            file.unlink(missing_ok=True)
    return {}


def main(file):
    for line in sys.stdin:
        question = json.loads(line)
        sys.stdout.write(json.dumps({"id": question["id"], **answer(question, file)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
