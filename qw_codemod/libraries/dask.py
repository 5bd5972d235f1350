"""dask: its calls give futures. [src]"""

from __future__ import annotations

from qw_codemod.infer.models import Model

MODEL = Model(
    aliases={"distributed.Client": "dask.distributed.Client"},
    functions={"dask.delayed": "dask.delayed.Delayed"},
    methods={
        "dask.distributed.Client": dict.fromkeys(
            ("submit", "compute", "persist"), "dask.distributed.Future"
        )
    },
)
