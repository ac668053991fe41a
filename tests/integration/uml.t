#!/bin/bash
# SPDX-License-Identifier: MIT
# Nodes of kind uml: a kernel of their own on the same wires, with the same commands.
. "$(dirname "$0")/../lib/tap.sh"
