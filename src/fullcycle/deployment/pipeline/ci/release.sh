#!/usr/bin/env bash
# release.sh ENVIRONMENT: carries the model there, deploys it, and writes the image's context and the chart into release/.
# Exit code 1: a gate failed, or the champion is better. 4: a signature is missing; sign ('fullcycle approve') and run again.
set -euo pipefail
environment=$1
fullcycle push model --env "$environment"
fullcycle deploy --env "$environment"
rm -rf release
fullcycle export image release --env "$environment"
fullcycle export kubernetes release --env "$environment"
