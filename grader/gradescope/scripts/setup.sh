#!/usr/bin/env bash
# Gradescope runs this once, as root, when the autograder's image is built. Choose a base image with
# Python 3.11.4 or newer (Ubuntu 24.04).
set -euo pipefail
source=${AUTOGRADER_ROOT:-/autograder}/source
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq python3 python3-venv libseccomp2 bubblewrap
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11, 4) and "Python 3.11.4 or newer is needed: choose Ubuntu 24.04 as the base image")'
python3 -m venv /opt/ddpm-grader
/opt/ddpm-grader/bin/python -m pip install --quiet --constraint "$source/constraints.txt" "$source"
