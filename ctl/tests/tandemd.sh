#!/bin/sh
# Stands in for tandemd: does what the test says in TANDEMD_SCRIPT, with the arguments it was given.
exec /bin/sh -c "$TANDEMD_SCRIPT" tandemd "$@"
