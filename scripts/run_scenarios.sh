#!/bin/sh
# Runs the scenarios of a suite: run_scenarios.sh gait [scenario...]
exec python3 "$(dirname "$0")/run_scenarios.py" "$@"
