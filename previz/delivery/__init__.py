"""From a take to its files: which they are, what is drawn on their pictures, and how they are written."""

from previz.delivery._ahead import Ahead, writes_ahead, writing_ahead
from previz.delivery._deliver import (
    Delivery,
    claimed,
    deliver,
    delivery_report,
    plan_delivery,
    write_delivery,
)
from previz.delivery._edit import write_clip_otio
from previz.delivery._encode import Watch, unwatched, write_outputs, written_size
from previz.delivery._outputs import (
    TAKE_SUFFIX,
    Outputs,
    check_outputs,
    choose_outputs,
    chosen_version,
    listed,
    name_fields,
    output_settings,
    problem_of,
)
from previz.delivery._pictures import Finisher, Look, clean_pictures, code_of, look_of
from previz.delivery._solved import take_version, timeline_of

__all__ = [
    "TAKE_SUFFIX",
    "Ahead",
    "Delivery",
    "Finisher",
    "Look",
    "Outputs",
    "Watch",
    "check_outputs",
    "choose_outputs",
    "chosen_version",
    "claimed",
    "clean_pictures",
    "code_of",
    "deliver",
    "delivery_report",
    "listed",
    "look_of",
    "name_fields",
    "output_settings",
    "plan_delivery",
    "problem_of",
    "take_version",
    "timeline_of",
    "unwatched",
    "write_clip_otio",
    "write_delivery",
    "write_outputs",
    "writes_ahead",
    "writing_ahead",
    "written_size",
]
