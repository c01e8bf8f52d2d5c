#!/usr/bin/env bash
# Compare the numbers of versions of one framework: each is made into an environment, and a table says what moved where.
#   PACKAGE   what is installed, such as torch        BASE, HEADS   versions; "newest" is the newest that there is
#   FRAMEWORK   what it is called here
# Ends as `aebench compare --base` does, and leaves the folder `versions`.
set -euo pipefail
names=()
for version in $BASE $HEADS; do
    name="$FRAMEWORK-$version"
    requirement="$PACKAGE==$version"
    [ "$version" = newest ] && requirement="$PACKAGE"
    # One that cannot be made is a column of the table, with the reason.
    aebench environments add "$name" "$requirement" || echo "::warning title=aebench::$name was not made"
    [ "$version" = "$BASE" ] || names+=("$name")
done
aebench compare --base "$FRAMEWORK-$BASE" "${names[@]}" -f "$FRAMEWORK" --only numbers --output versions
