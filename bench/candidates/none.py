"""The open view, which asks for nothing: what all others are compared with."""

from bench.candidates.candidate import Candidate

CANDIDATES = (Candidate(name="none"),)
