#!/usr/bin/env bash
# Compare BASE with HEAD, and hand the verdict to GitHub: the summary of the job, its output `status`, its end.
#   BASE, HEAD   commits or environments        ARGUMENTS   autoencoders and options, parted by spaces
#   UNDECIDED    "pass": status 125 is no failure        OUTPUT   the folder for what is measured, and its report
#   BUNDLE       autoencoders and options of the bundle that is left there, too; nothing: none
set -uo pipefail
[ "$UNDECIDED" = fail ] || [ "$UNDECIDED" = pass ] || { echo "undecided is fail or pass, found: $UNDECIDED" >&2; exit 2; }
[ -n "$BASE" ] || { echo "there is no base: name one, as this event has no commit before it" >&2; exit 2; }
read -r -a words <<< "$ARGUMENTS"
read -r -a packed <<< "$BUNDLE"
# What is made beside the verdict does not change it.
beside() { aebench "$@" || echo "::warning title=aebench::aebench $1 ended with $?, and left nothing for the artefact"; }

aebench compare "$BASE" "$HEAD" "${words[@]}" --output "$OUTPUT"
status=$?
echo "status=$status" >> "$GITHUB_OUTPUT"
if [ -f "$OUTPUT/comparison.md" ]; then cat "$OUTPUT/comparison.md" >> "$GITHUB_STEP_SUMMARY"; fi
[ ! -d "$OUTPUT" ] || beside report "$OUTPUT" --output "$OUTPUT/report.html"
[ "${#packed[@]}" -eq 0 ] || beside bundle "${packed[@]}" --output "$OUTPUT/golden.zip"
if [ "$status" -eq 125 ] && [ "$UNDECIDED" = pass ]; then
    echo "::warning title=aebench::undecided, and passed because undecided is set to pass"
    exit 0
fi
exit "$status"
