#!/usr/bin/env bash
# image.sh REPOSITORY: builds the image that release/ describes, pushes it and signs it by its digest.
# Prints the tag, which is the release. BUILDER (docker by default) builds; cosign signs, by key (COSIGN_KEY) or by identity.
set -euo pipefail
repository=$1
builder=${BUILDER:-docker}
tag=$(sed -n 's/^appVersion: "\(.*\)"$/\1/p' release/chart/Chart.yaml)
"$builder" build --tag "$repository:$tag" release/image >&2
"$builder" push "$repository:$tag" >&2
digest=$("$builder" inspect --format '{{index .RepoDigests 0}}' "$repository:$tag")
cosign sign --yes ${COSIGN_KEY:+--key "$COSIGN_KEY"} "$digest" >&2
printf '%s\n' "$tag"
