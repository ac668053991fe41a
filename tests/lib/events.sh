# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What came of the events of a run. Source it after tap.sh.

# of_events FOLDER FILTER: of those that were carried out, by a run with results in FOLDER
of_events() {
    jq -c "select(.asked) | $2" "$1/events.jsonl"
}
