"""What every function of the package expects of its input."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]


def require_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise a ValueError that names the first column that is missing."""
    for column in columns:
        if column not in frame.columns:
            raise ValueError(f"{column}: column is missing")
