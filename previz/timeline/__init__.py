"""What the artist writes: a timeline, read from YAML with all its problems located, and sampled by frame."""

from previz.timeline._curves import CurveKey, Tangent
from previz.timeline._doubts import check_against, timeline_warnings
from previz.timeline._eases import EASES, MONOTONE_EASES, Ease, apply_ease, cubic_bezier, parse_ease
from previz.timeline._extrapolation import Extrapolation, sample_curve
from previz.timeline._handle_fields import GroupSpec, HandleSpec
from previz.timeline._keys import KeySpec, TimingKeySpec
from previz.timeline._latent_curves import LatentSamples, latent_problem, sample_latents
from previz.timeline._latent_fields import LatentSpec, SmoothSpec, TowardSpec
from previz.timeline._loading import load_timeline, parse_timeline
from previz.timeline._mask_fields import EllipseSpec, MaskShapeSpec
from previz.timeline._mask_frames import MaskFrames
from previz.timeline._masks import rasterise_mask
from previz.timeline._modifiers import sample_targets
from previz.timeline._motion_fields import MotionSpec, ParameterSpec, UseSpec
from previz.timeline._motion_schema import motion_schema
from previz.timeline._motions import is_motion, load_motion
from previz.timeline._output import BURN_IN, AudioSpec, LetterboxSpec, OutputSpec
from previz.timeline._paths import sample_path
from previz.timeline._problems import Finding, Origin, finding_of, telling
from previz.timeline._reading import in_order, read_text
from previz.timeline._retime import retime, retime_file, retime_yaml
from previz.timeline._sampling import Samples, sample_timeline
from previz.timeline._schema import CharacterSpec, SolverSpec, Timeline, find_beside, timeline_schema
from previz.timeline._spec import Spec, short_form
from previz.timeline._starter import starter_text
from previz.timeline._travel import PathSpec
from previz.timeline._travelling import sample_handle
from previz.timeline._walk import fields, models_at
from previz.timeline._yaml import Document, Mark, field_name, read_yaml, where

__all__ = [
    "BURN_IN",
    "EASES",
    "MONOTONE_EASES",
    "AudioSpec",
    "CharacterSpec",
    "CurveKey",
    "Document",
    "Ease",
    "EllipseSpec",
    "Extrapolation",
    "Finding",
    "GroupSpec",
    "HandleSpec",
    "KeySpec",
    "LatentSamples",
    "LatentSpec",
    "LetterboxSpec",
    "Mark",
    "MaskFrames",
    "MaskShapeSpec",
    "MotionSpec",
    "Origin",
    "OutputSpec",
    "ParameterSpec",
    "PathSpec",
    "Samples",
    "SmoothSpec",
    "SolverSpec",
    "Spec",
    "Tangent",
    "Timeline",
    "TimingKeySpec",
    "TowardSpec",
    "UseSpec",
    "apply_ease",
    "check_against",
    "cubic_bezier",
    "field_name",
    "fields",
    "find_beside",
    "finding_of",
    "in_order",
    "is_motion",
    "latent_problem",
    "load_motion",
    "load_timeline",
    "models_at",
    "motion_schema",
    "parse_ease",
    "parse_timeline",
    "rasterise_mask",
    "read_text",
    "read_yaml",
    "retime",
    "retime_file",
    "retime_yaml",
    "sample_curve",
    "sample_handle",
    "sample_latents",
    "sample_path",
    "sample_targets",
    "sample_timeline",
    "short_form",
    "starter_text",
    "telling",
    "timeline_schema",
    "timeline_warnings",
    "where",
]
