#!/usr/bin/env bash
# Runs the cycle up to the model and writes findings.md: what failed, or that nothing did.
# Exit code: that of 'fullcycle run'. 0 the gates passed, 1 a gate failed, 2 wrong input, 3 something outside failed, 4 waiting.
set -uo pipefail
fullcycle run --to development 2>cycle.log
code=$?
cat cycle.log >&2
case $code in
  0) title="Every gate passed" ;;
  1) title="A gate failed: nothing is released" ;;
  4) title="The cycle waits" ;;
  *) title="The cycle did not run" ;;
esac
{
  printf '### %s\n\n' "$title"
  if grep -q '^fullcycle: ' cycle.log; then printf '%s\n\n' "$(grep '^fullcycle: ' cycle.log | tail -n 1)"; fi
  printf '```\n'
  fullcycle status 2>/dev/null
  printf '```\n'
} >findings.md
exit $code
