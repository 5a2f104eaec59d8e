#!/bin/sh
# Shows the decision service: demo_mcp_canonical.sh [directory]
exec python3 "$(dirname "$0")/demo_mcp_canonical.py" "$@"
