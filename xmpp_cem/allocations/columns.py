"""The types of columns: one number per member."""

import numpy as np
import numpy.typing as npt

Watts = npt.NDArray[np.int64]
"""Whole numbers, W unless their name says otherwise."""

Places = npt.NDArray[np.intp]
"""Places in another column."""

Numbers = npt.NDArray[np.float64]
"""Numbers that only have to be compared."""

Flags = npt.NDArray[np.bool_]
"""Yes or no."""
