#!/usr/bin/env bash
# keys.sh ENVIRONMENT: puts the keys that the CI keeps as secrets where fullcycle looks for them; keys are in no cache and no artifact.
# ENTITY_KEY: the key under which entities are hashed. SIGNING_KEY: the private key (PEM) that signs bundles in this environment.
# Servers trust what 'fullcycle key list' shows: that of SIGNING_KEY is called "ci".
set -euo pipefail
umask 077
mkdir -p .fullcycle/keys
if [ -n "${ENTITY_KEY:-}" ]; then printf '%s' "$ENTITY_KEY" >.fullcycle/entity.key; fi
if [ -n "${SIGNING_KEY:-}" ]; then
  printf '%s\n' "$SIGNING_KEY" >".fullcycle/keys/$1.pem"
  openssl pkey -in ".fullcycle/keys/$1.pem" -pubout -out .fullcycle/keys/ci.pub
  if ! fullcycle key list --env "$1" | grep -q '^ci '; then
    fullcycle key trust ci .fullcycle/keys/ci.pub --env "$1"
  fi
fi
