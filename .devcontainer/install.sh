#!/usr/bin/env bash
# Install the course into .venv, with the CPU build of torch where its index can be reached: it takes 1 GB instead of 6.
set -euo pipefail
cd "$(dirname "$0")/.."
python3 -m venv .venv
torch=$(sed -n 's/^\(torch\(vision\)\?==[^ ;]*\).*/\1/p' constraints.txt | tr '\n' ' ')
# shellcheck disable=SC2086  (two requirements)
.venv/bin/pip install --quiet --retries 1 --timeout 20 --index-url "${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}" $torch ||
    echo "The CPU build of torch cannot be had here: pip takes the usual one."
make setup
